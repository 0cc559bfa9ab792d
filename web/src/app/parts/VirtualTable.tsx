// A table that draws only the rows in sight; five thousand agents cost as much as thirty. Rows are compared by identity: a delta
// replaces the row it changes, so the others are not drawn again.
import Box from '@mui/material/Box';
import ButtonBase from '@mui/material/ButtonBase';
import { useVirtualizer } from '@tanstack/react-virtual';
import { memo, type ReactNode, useRef } from 'react';

export interface Column<Row> {
  name: string;
  label: ReactNode;
  width: string; // a track of CSS grid: "120px", "minmax(120px, 1fr)"
  draw(row: Row): ReactNode;
  end?: boolean; // figures stand at the end of the line
  sort?(): void;
  sorted?: boolean;
}

interface Props<Row> {
  label: string;
  columns: Column<Row>[];
  rows: Row[];
  keyOf(row: Row): string;
  height?: number | string; // nothing: as much as its box gives
  rowHeight?: number;
  empty: ReactNode;
  onChosen?(row: Row): void;
}

export function VirtualTable<Row>({ label, columns, rows, keyOf, height = '100%', rowHeight = 38, empty, onChosen }: Props<Row>) {
  const box = useRef<HTMLDivElement>(null);
  const virtual = useVirtualizer({ count: rows.length, getScrollElement: () => box.current, estimateSize: () => rowHeight, overscan: 8, getItemKey: (index) => keyOf(rows[index]!) });
  const grid = { display: 'grid', gridTemplateColumns: columns.map((column) => column.width).join(' '), alignItems: 'center' } as const;
  return (
    <Box ref={box} role="table" aria-label={label} aria-rowcount={rows.length + 1} tabIndex={0} sx={{ overflow: 'auto', height, minHeight: 90, border: 1, borderColor: 'divider', borderRadius: 1.25, fontSize: rowHeight < 34 ? 14 : undefined, contain: 'strict' }}>
      <Box role="row" sx={{ ...grid, position: 'sticky', insetBlockStart: 0, zIndex: 1, bgcolor: 'background.paper', borderBlockEnd: 1, borderColor: 'divider', minWidth: 'fit-content', fontWeight: 700, fontSize: 13 }}>
        {columns.map((column) => (
          <Box key={column.name} role="columnheader" aria-sort={column.sorted ? 'descending' : undefined} sx={{ px: 1.25, py: rowHeight < 34 ? 0.4 : 0.75, textAlign: column.end ? 'end' : 'start', whiteSpace: 'nowrap' }}>
            {column.sort ? (
              <ButtonBase onClick={column.sort} sx={{ font: 'inherit', fontWeight: 700, textDecoration: column.sorted ? 'underline' : undefined, textUnderlineOffset: 4 }}>
                {column.label}
              </ButtonBase>
            ) : (
              column.label
            )}
          </Box>
        ))}
      </Box>
      {rows.length === 0 ? (
        <Box sx={{ p: 3, textAlign: 'center', color: 'text.secondary' }}>{empty}</Box>
      ) : (
        <Box role="rowgroup" sx={{ position: 'relative', blockSize: virtual.getTotalSize(), minWidth: 'fit-content' }}>
          {virtual.getVirtualItems().map((item) => {
            const row = rows[item.index]!;
            return <Line key={item.key} row={row} columns={columns as Column<unknown>[]} grid={grid} top={item.start} height={rowHeight} index={item.index} code={keyOf(row)} onChosen={onChosen as ((row: unknown) => void) | undefined} />;
          })}
        </Box>
      )}
    </Box>
  );
}

const Line = memo(function Line({ row, columns, grid, top, height, index, code, onChosen }: { row: unknown; columns: Column<unknown>[]; grid: object; top: number; height: number; index: number; code: string; onChosen?(row: unknown): void }) {
  return (
    <div role="row" aria-rowindex={index + 2} data-row={code} onClick={onChosen && (() => onChosen(row))} style={{ ...grid, position: 'absolute', insetInline: 0, top: 0, height, transform: `translateY(${top}px)`, borderBlockEnd: '1px solid var(--mui-palette-divider)', cursor: onChosen ? 'pointer' : undefined }}>
      {columns.map((column) => (
        <div key={column.name} role="cell" style={{ paddingInline: 10, overflow: 'hidden', textOverflow: 'ellipsis', whiteSpace: 'nowrap', textAlign: column.end ? 'end' : 'start' }}>
          {column.draw(row)}
        </div>
      ))}
    </div>
  );
}, (before, after) => before.row === after.row && before.top === after.top && before.columns === after.columns && before.code === after.code);
