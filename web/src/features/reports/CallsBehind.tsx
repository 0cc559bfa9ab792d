import Button from '@mui/material/Button';
import Table from '@mui/material/Table';
import TableBody from '@mui/material/TableBody';
import TableCell from '@mui/material/TableCell';
import TableContainer from '@mui/material/TableContainer';
import TableHead from '@mui/material/TableHead';
import TableRow from '@mui/material/TableRow';
import { useInfiniteQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useEffect, useRef } from 'react';
import { useFormat } from '../../app/format';
import { AgentName, QueueName } from '../../app/parts/Names';
import { Empty, Panel, PhoneNumber, Trouble } from '../../app/parts/parts';
import { textOfCode, useText } from '../../app/texts';
import { calls, type Filter } from './api';
import { useMetrics } from './useMetrics';

const page = 50;

// The calls that a figure counts, one by one, each with its own story.
export function CallsBehind({ filter, title, onClose }: { filter: Filter; title?: { metric: string; queue: string }; onClose?(): void }) {
  const t = useText();
  const format = useFormat();
  const { titleOf } = useMetrics();
  const top = useRef<HTMLDivElement>(null);
  const { data, error, refetch, hasNextPage, fetchNextPage, isPending } = useInfiniteQuery({
    queryKey: ['report', 'calls', filter],
    queryFn: ({ pageParam }) => calls({ ...filter, before: pageParam, limit: page }),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last) => (last.length === page ? last.at(-1)!.call : undefined),
  });
  useEffect(() => {
    if (title) top.current?.scrollIntoView({ block: 'nearest' });
  }, [title, data]);
  const rows = data?.pages.flat() ?? [];
  return (
    <div ref={top} style={{ marginBlockStart: title ? 16 : 0 }}>
      <Panel title={title ? <>{t('reports.behind')}: <QueueName code={title.queue} /> · {titleOf(title.metric)}</> : t('reports.calls')} actions={onClose && <Button onClick={onClose}>{t('app.close')}</Button>}>
        {error && <Trouble error={error} retry={() => void refetch()} />}
        {!isPending && rows.length === 0 && !error && <Empty>{t('reports.nothing')}</Empty>}
        {rows.length > 0 && (
          <TableContainer>
            <Table size="small" data-testid="calls">
              <TableHead>
                <TableRow>
                  <TableCell>{t('field.time')}</TableCell>
                  <TableCell>{t('field.caller')}</TableCell>
                  <TableCell>{t('field.number')}</TableCell>
                  <TableCell>{t('field.queue')}</TableCell>
                  <TableCell>{t('field.agent')}</TableCell>
                  <TableCell>{t('reports.outcome')}</TableCell>
                  <TableCell align="right">{t('reports.waited')}</TableCell>
                  <TableCell align="right">{t('reports.talked')}</TableCell>
                </TableRow>
              </TableHead>
              <TableBody>
                {rows.map((row) => (
                  <TableRow key={row.call} hover>
                    <TableCell>
                      <Link to="/calls/$call" params={{ call: row.call }} style={{ color: 'inherit' }}>
                        {format.moment(row.arrived)}
                      </Link>
                    </TableCell>
                    <TableCell>
                      <PhoneNumber number={row.caller} />
                    </TableCell>
                    <TableCell>
                      <PhoneNumber number={row.number} />
                    </TableCell>
                    <TableCell>
                      <QueueName code={row.queue} />
                    </TableCell>
                    <TableCell>{row.agent && <AgentName code={row.agent} />}</TableCell>
                    <TableCell>{textOfCode(t, 'outcome', row.outcome)}</TableCell>
                    <TableCell align="right">{format.duration(row.wait_ms)}</TableCell>
                    <TableCell align="right">{format.duration(row.talk_ms)}</TableCell>
                  </TableRow>
                ))}
              </TableBody>
            </Table>
          </TableContainer>
        )}
        {hasNextPage && <Button onClick={() => void fetchNextPage()}>{t('app.more')}</Button>}
      </Panel>
    </div>
  );
}
