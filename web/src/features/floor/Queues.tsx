import Box from '@mui/material/Box';
import { useMemo, useState } from 'react';
import { useFormat } from '../../app/format';
import type { QueueRow, Topic } from '../../app/live/topics';
import { Elapsed, Named, Panel } from '../../app/parts/parts';
import { row_height, useTableHeight } from './dense';
import { type Column, VirtualTable } from '../../app/parts/VirtualTable';
import { useText } from '../../app/texts';
import type { Limits } from './limits';

type Order = 'waiting' | 'name' | 'service';

export function Queues({ topic, limits, chosen, onChosen }: { topic: Topic; limits: Limits; chosen?: string; onChosen(queue: string | undefined): void }) {
  const t = useText();
  const format = useFormat();
  const [order, setOrder] = useState<Order>('waiting');
  const table = topic.table<QueueRow>('queues');
  // eslint-disable-next-line react-hooks/exhaustive-deps
  const rows = useMemo(() => [...table.values()].sort(orders[order]), [table, topic.changes, order]);
  const columns = useMemo(
    (): Column<QueueRow>[] => [
      { name: 'name', label: t('field.queue'), width: 'minmax(110px, 1.5fr)', draw: (row) => <b><Named code={row.code} name={row.name} /></b>, sort: () => setOrder('name'), sorted: order === 'name' },
      { name: 'waiting', label: t('state.waiting'), width: '84px', end: true, sort: () => setOrder('waiting'), sorted: order === 'waiting', draw: (row) => <Box component="span" sx={row.waiting > limits.waiting ? { color: 'error.main', fontWeight: 700 } : undefined}>{format.number(row.waiting)}</Box> },
      { name: 'longest', label: t('floor.longest'), width: '106px', end: true, draw: (row) => (row.longest_since ? <Elapsed since={row.longest_since} limit={limits.wait * 1000} /> : '–') },
      { name: 'staff', label: t('floor.readyOfDuty'), width: '122px', end: true, draw: (row) => `${format.number(row.ready ?? 0)} / ${format.number(row.on_duty ?? 0)}` },
      { name: 'talking', label: t('state.talking'), width: '84px', end: true, draw: (row) => format.number(row.talking ?? 0) },
      { name: 'service', label: t('floor.service'), width: '84px', end: true, sort: () => setOrder('service'), sorted: order === 'service', draw: (row) => (row.service_level_today == null ? '–' : <Box component="span" sx={row.service_level_today < limits.service * 10 ? { color: 'error.main', fontWeight: 700 } : undefined}>{format.percent(row.service_level_today)}</Box>) },
      { name: 'today', label: t('floor.answeredToday'), width: '138px', end: true, draw: (row) => (row.offered_today === undefined ? '–' : `${format.number(row.answered_today ?? 0)} / ${format.number(row.offered_today)}`) },
    ],
    [t, format, limits, order],
  );
  return (
    <Panel dense title={t('floor.queues')}>
      <VirtualTable label={t('floor.queues')} columns={columns} rows={rows} keyOf={(row) => row.code} rowHeight={row_height} height={useTableHeight(rows.length)} empty={t('floor.noQueues')} onChosen={(row) => onChosen(row.code === chosen ? undefined : row.code)} />
    </Panel>
  );
}

const orders: Record<Order, (a: QueueRow, b: QueueRow) => number> = {
  waiting: (a, b) => b.waiting - a.waiting || (a.longest_since ?? '~').localeCompare(b.longest_since ?? '~') || a.code.localeCompare(b.code),
  name: (a, b) => (a.name || a.code).localeCompare(b.name || b.code, 'fa'),
  service: (a, b) => (a.service_level_today ?? 2000) - (b.service_level_today ?? 2000) || a.code.localeCompare(b.code),
};
