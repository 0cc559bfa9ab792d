import Button from '@mui/material/Button';
import Dialog from '@mui/material/Dialog';
import DialogContent from '@mui/material/DialogContent';
import DialogTitle from '@mui/material/DialogTitle';
import List from '@mui/material/List';
import ListItemButton from '@mui/material/ListItemButton';
import { Link } from '@tanstack/react-router';
import { useMemo, useState } from 'react';
import { useFormat } from '../../app/format';
import type { AgentRow, QueueRow, Topic, WaitingRow } from '../../app/live/topics';
import { Elapsed, Empty, Named, Panel, PhoneNumber } from '../../app/parts/parts';
import { useSay } from '../../app/parts/Toasts';
import { type Column, VirtualTable } from '../../app/parts/VirtualTable';
import { useMay } from '../../app/session';
import { useText } from '../../app/texts';
import { give } from './api';
import { row_height, useTableHeight } from './dense';
import type { Limits } from './limits';

export function Waiting({ topic, limits, queue, past }: { topic: Topic; limits: Limits; queue?: string; past: boolean }) {
  const t = useText();
  const format = useFormat();
  const may = useMay('direct_floor') && !past;
  const [giving, setGiving] = useState<WaitingRow>();
  const table = topic.table<WaitingRow>('waiting');
  const queues = topic.table<QueueRow>('queues');
  const rows = useMemo(
    () => [...table.values()].filter((row) => queue === undefined || row.queue === queue).sort((a, b) => b.priority - a.priority || a.since.localeCompare(b.since)),
    // eslint-disable-next-line react-hooks/exhaustive-deps
    [table, topic.changes, queue],
  );
  const columns = useMemo(
    (): Column<WaitingRow>[] => [
      { name: 'position', label: '#', width: '34px', end: true, draw: (row) => format.number(row.position) },
      { name: 'caller', label: t('field.caller'), width: 'minmax(104px, 1.4fr)', draw: (row) => <Link to="/calls/$call" params={{ call: row.call }} style={{ color: 'inherit' }}>{row.contact ? <bdi>{row.contact}</bdi> : <PhoneNumber number={row.caller} />}</Link> },
      { name: 'queue', label: t('field.queue'), width: 'minmax(60px, 1fr)', draw: (row) => <Named code={row.queue} name={queues.get(row.queue)?.name} /> },
      { name: 'since', label: t('floor.waits'), width: '58px', end: true, draw: (row) => <Elapsed since={row.since} limit={limits.wait * 1000} /> },
      ...(may ? [{ name: 'give', label: '', width: '92px', end: true, draw: (row: WaitingRow) => <Button size="small" sx={{ whiteSpace: 'nowrap', px: 0.5, py: 0 }} onClick={() => setGiving(row)}>{t('floor.give')}</Button> }] : []),
    ],
    [t, format, limits, may, queues],
  );
  return (
    <Panel dense title={t('floor.waiting')}>
      <VirtualTable label={t('floor.waiting')} columns={columns} rows={rows} keyOf={(row) => row.call} rowHeight={row_height} height={useTableHeight(Math.max(rows.length, queues.size))} empty={t('floor.nobodyWaits')} />
      {giving && <GiveDialog waiting={giving} agents={[...topic.table<AgentRow>('agents').values()].filter((row) => row.state === 'ready')} onClose={() => setGiving(undefined)} />}
    </Panel>
  );
}

// Out of turn, by a person's decision: audited, and the evenness ledger counts it.
function GiveDialog({ waiting, agents, onClose }: { waiting: WaitingRow; agents: AgentRow[]; onClose(): void }) {
  const t = useText();
  const say = useSay();
  const choose = (agent: string) => {
    onClose();
    give(waiting.call, agent).then(() => say.done(t('floor.given')), say.failed);
  };
  return (
    <Dialog open onClose={onClose} fullWidth maxWidth="xs" aria-labelledby="give">
      <DialogTitle id="give">{t('floor.giveTo')}</DialogTitle>
      <DialogContent>
        {agents.length === 0 && <Empty>{t('floor.nobodyReady')}</Empty>}
        <List dense>
          {agents.slice(0, 200).map((row) => (
            <ListItemButton key={row.code} onClick={() => choose(row.code)}>
              <Named code={row.code} name={row.name} />
            </ListItemButton>
          ))}
        </List>
      </DialogContent>
    </Dialog>
  );
}
