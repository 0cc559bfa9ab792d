import Box from '@mui/material/Box';
import Button from '@mui/material/Button';
import Table from '@mui/material/Table';
import TableBody from '@mui/material/TableBody';
import TableCell from '@mui/material/TableCell';
import TableContainer from '@mui/material/TableContainer';
import TableHead from '@mui/material/TableHead';
import TableRow from '@mui/material/TableRow';
import TableSortLabel from '@mui/material/TableSortLabel';
import Tooltip from '@mui/material/Tooltip';
import { useState } from 'react';
import type { Format } from '../../app/format';
import { Code } from '../../app/parts/parts';
import { usePreferences } from '../../app/preferences';
import { useText } from '../../app/texts';
import type { Figures } from './api';
import { changeOf, plain, written } from './figures';
import { useMetrics } from './useMetrics';

export interface Line {
  name: string;
  title?: string; // what people call it
  code?: boolean; // the name is a code: its digits stay Latin
  figures: Figures;
  then?: Figures; // of the period before
}

// Every column's head carries the figure's definition; a figure leads to the calls behind it.
export function FigureTable({ of, columns, lines, format, onFigure }: { of: string; columns: string[]; lines: Line[]; format: Format; onFigure?(name: string, metric: string): void }) {
  const t = useText();
  const { language } = usePreferences();
  const { known, titleOf } = useMetrics();
  const [order, setOrder] = useState<string>();
  const sorted = order === undefined ? lines : [...lines].sort((a, b) => (plain(b.figures[order]) ?? -1) - (plain(a.figures[order]) ?? -1));
  return (
    <TableContainer>
      <Table size="small" data-testid="figures">
        <TableHead>
          <TableRow>
            <TableCell>{of}</TableCell>
            {columns.map((name) => {
              const metric = known(name);
              return (
                <TableCell key={name} align="right" sx={{ whiteSpace: 'normal', verticalAlign: 'bottom', minWidth: 78, px: 0.75, lineHeight: 1.35 }}>
                  <Tooltip title={metric ? `${language === 'fa' ? metric.formula_fa : metric.formula} (${metric.source})` : ''}>
                    <TableSortLabel active={order === name} direction="desc" onClick={() => setOrder(order === name ? undefined : name)}>
                      <span style={{ borderBlockEnd: '1px dotted' }}>{titleOf(name)}</span>
                    </TableSortLabel>
                  </Tooltip>
                </TableCell>
              );
            })}
          </TableRow>
        </TableHead>
        <TableBody>
          {sorted.map((line) => (
            <TableRow key={line.name} hover>
              <TableCell component="th" scope="row">
                {line.title ? <bdi title={line.name}>{line.title}</bdi> : line.code ? <Code>{line.name}</Code> : <bdi dir="ltr">{format.digits(line.name)}</bdi>}
              </TableCell>
              {columns.map((name) => {
                const change = changeOf(name, line.figures, line.then);
                const text = written(name, line.figures[name], format);
                return (
                  <TableCell key={name} align="right" className="figures">
                    {onFigure && text !== '–' ? (
                      <Button size="small" sx={{ minWidth: 0, p: 0, font: 'inherit', color: 'inherit' }} onClick={() => onFigure(line.name, name)} title={t('reports.behind')}>
                        {text}
                      </Button>
                    ) : (
                      text
                    )}
                    {change && (
                      <Box component="span" sx={{ display: 'block', fontSize: 12, color: change.good === undefined ? 'text.secondary' : change.good ? 'success.main' : 'error.main' }}>
                        <bdi dir="ltr">
                          {change.permille > 0 ? '▲' : '▼'} {format.percent(Math.abs(change.permille))}
                        </bdi>
                      </Box>
                    )}
                  </TableCell>
                );
              })}
            </TableRow>
          ))}
        </TableBody>
      </Table>
    </TableContainer>
  );
}
