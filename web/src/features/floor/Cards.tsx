// Everybody at one glance: a card an agent, coloured by state, as many as fit beside each other. Only the cards in sight are drawn.
import Box from '@mui/material/Box';
import ButtonBase from '@mui/material/ButtonBase';
import { useVirtualizer } from '@tanstack/react-virtual';
import { memo, type ReactNode, useEffect, useRef, useState } from 'react';
import type { AgentRow } from '../../app/live/topics';
import { Elapsed, Named } from '../../app/parts/parts';
import { textOfCode, useText } from '../../app/texts';

const height = 46;
const width = 168; // at least

interface Props {
  label: string;
  rows: AgentRow[];
  limitOf(row: AgentRow): number | undefined; // ms after which the time in a state is an alarm
  saysOf(row: AgentRow): string; // what has no room on the card
  onChosen(agent: AgentRow, anchor: HTMLElement): void;
  empty: ReactNode;
}

export function Cards({ label, rows, limitOf, saysOf, onChosen, empty }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const columns = useColumns(box);
  const virtual = useVirtualizer({ count: Math.ceil(rows.length / columns), getScrollElement: () => box.current, estimateSize: () => height + 6, overscan: 4 });
  return (
    <Box ref={box} role="list" aria-label={label} tabIndex={0} sx={{ overflow: 'auto', height: '100%', minHeight: 100, contain: 'strict' }}>
      {rows.length === 0 && <Box sx={{ p: 3, textAlign: 'center', color: 'text.secondary' }} role="listitem">{empty}</Box>}
      <Box role="presentation" sx={{ position: 'relative', blockSize: virtual.getTotalSize() }}>
        {virtual.getVirtualItems().map((line) => (
          <Box key={line.key} role="presentation" sx={{ position: 'absolute', insetInline: 0, top: 0, height, display: 'grid', gap: '6px', gridTemplateColumns: `repeat(${columns}, minmax(0, 1fr))` }} style={{ transform: `translateY(${line.start}px)` }}>
            {rows.slice(line.index * columns, (line.index + 1) * columns).map((row) => (
              <Card key={row.code} row={row} limit={limitOf(row)} says={saysOf(row)} onChosen={onChosen} />
            ))}
          </Box>
        ))}
      </Box>
    </Box>
  );
}

const Card = memo(function Card({ row, limit, says, onChosen }: { row: AgentRow; limit?: number; says: string; onChosen: Props['onChosen'] }) {
  const t = useText();
  return (
    <Box role="listitem" data-agent={row.code} data-state={row.state} sx={{ minWidth: 0, display: 'grid' }}>
      <ButtonBase
        title={says}
        onClick={(event) => onChosen(row, event.currentTarget)}
        sx={(theme) => ({ display: 'block', textAlign: 'start', minWidth: 0, overflow: 'hidden', borderRadius: 1, border: 1, borderColor: 'divider', paddingInline: '12px 8px', py: '3px', position: 'relative', lineHeight: 1.35, fontSize: 14, '&::before': { content: '""', position: 'absolute', insetBlock: 0, insetInlineStart: 0, inlineSize: 5, bgcolor: theme.vars?.palette.state[row.state] }, '&:hover': { bgcolor: 'action.hover' }, '&:focus-visible': { outline: '2px solid', outlineOffset: -2 } })}
      >
        <Box component="span" sx={{ display: 'block', fontWeight: 700, ...oneLine }}>
          <Named code={row.code} name={row.name} />
        </Box>
        <Box component="span" sx={{ display: 'flex', gap: 1, justifyContent: 'space-between', fontSize: 13 }}>
          <Box component="span" sx={(theme) => ({ color: theme.vars?.palette.state[row.state], fontWeight: 700, ...oneLine })}>
            {textOfCode(t, 'state', row.state)}
            {row.reason && <bdi style={{ fontWeight: 400 }}> · {textOfCode(t, 'pause', row.reason)}</bdi>}
          </Box>
          {row.state !== 'signed-out' && <Elapsed since={row.since} limit={limit} />}
        </Box>
      </ButtonBase>
    </Box>
  );
});

const oneLine = { overflow: 'hidden', textOverflow: 'ellipsis', whiteSpace: 'nowrap', minWidth: 0 } as const;

function useColumns(box: React.RefObject<HTMLDivElement | null>): number {
  const [columns, setColumns] = useState(6);
  useEffect(() => {
    if (!box.current) return;
    const watcher = new ResizeObserver(([entry]) => setColumns(Math.max(1, Math.floor(((entry?.contentRect.width ?? 0) + 6) / (width + 6)))));
    watcher.observe(box.current);
    return () => watcher.disconnect();
  }, [box]);
  return columns;
}
