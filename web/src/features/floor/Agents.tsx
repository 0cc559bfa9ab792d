import { mdiDotsVertical, mdiTable, mdiViewGridOutline } from '@mdi/js';
import Box from '@mui/material/Box';
import Chip from '@mui/material/Chip';
import Divider from '@mui/material/Divider';
import IconButton from '@mui/material/IconButton';
import Menu from '@mui/material/Menu';
import MenuItem from '@mui/material/MenuItem';
import Stack from '@mui/material/Stack';
import TextField from '@mui/material/TextField';
import ToggleButton from '@mui/material/ToggleButton';
import ToggleButtonGroup from '@mui/material/ToggleButtonGroup';
import { useNavigate } from '@tanstack/react-router';
import { useCallback, useDeferredValue, useMemo, useState } from 'react';
import { latinDigits, useFormat } from '../../app/format';
import { Icon } from '../../app/Icon';
import { useConnection } from '../../app/live/hooks';
import type { AgentRow, QueueRow, Topic } from '../../app/live/topics';
import { Code, Elapsed, Named, Panel, PhoneNumber, StateChip } from '../../app/parts/parts';
import { useSay } from '../../app/parts/Toasts';
import { type Column, VirtualTable } from '../../app/parts/VirtualTable';
import { useMay } from '../../app/session';
import { textOfCode, useText } from '../../app/texts';
import { Cards } from './Cards';
import { endCall, out, pause, ready, release, setQueues } from './api';
import type { Limits } from './limits';

const states = ['talking', 'offered', 'wrap-up', 'ready', 'paused', 'signed-out'];
const rank = Object.fromEntries(states.map((state, index) => [state, index]));
type Order = 'state' | 'name' | 'calls' | 'balance';
type View = 'cards' | 'table';
const view_place = 'pasokh.floor.view';

export function Agents({ topic, limits, queue, onQueue, past }: { topic: Topic; limits: Limits; queue?: string; onQueue(queue: string | undefined): void; past: boolean }) {
  const t = useText();
  const format = useFormat();
  const may = useMay('direct_floor') && !past;
  const [shown, setShown] = useState<string>();
  const [text, setText] = useState('');
  const [order, setOrder] = useState<Order>('state');
  const [view, setView] = useState<View>(() => (localStorage.getItem(view_place) === 'table' ? 'table' : 'cards'));
  const [menu, setMenu] = useState<{ anchor: HTMLElement; agent: AgentRow }>();
  const wanted = useDeferredValue(latinDigits(text.trim().toLowerCase()));
  const table = topic.table<AgentRow>('agents');
  const queues = topic.table<QueueRow>('queues');
  const rows = useMemo(
    () =>
      [...table.values()]
        .filter((row) => (shown === undefined || row.state === shown) && (queue === undefined || row.queues.includes(queue)) && (wanted === '' || row.code.toLowerCase().includes(wanted) || row.name.toLowerCase().includes(wanted)))
        .sort(orders[order]),
    // eslint-disable-next-line react-hooks/exhaustive-deps
    [table, topic.changes, shown, queue, wanted, order],
  );
  const counts = useMemo(() => {
    const counted: Record<string, number> = {};
    for (const row of table.values()) if (queue === undefined || row.queues.includes(queue)) counted[row.state] = (counted[row.state] ?? 0) + 1;
    return counted;
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [table, topic.changes, queue]);
  const columns = useMemo(
    (): Column<AgentRow>[] => [
      { name: 'name', label: t('field.agent'), width: 'minmax(120px, 1.4fr)', sort: () => setOrder('name'), sorted: order === 'name', draw: (row) => <><b><Named code={row.code} name={row.name} /></b>{row.name && row.name !== row.code && <> <Code>{row.code}</Code></>}</> },
      { name: 'state', label: t('field.state'), width: 'minmax(150px, 1.2fr)', sort: () => setOrder('state'), sorted: order === 'state', draw: (row) => <StateChip state={row.state} reason={row.reason} /> },
      { name: 'since', label: t('floor.for'), width: '90px', end: true, draw: (row) => <Elapsed since={row.since} limit={limitOf(row.state, limits)} /> },
      { name: 'queues', label: t('floor.queues'), width: 'minmax(110px, 1.2fr)', draw: (row) => <bdi>{row.queues.map((code) => queues.get(code)?.name || code).join(' · ')}</bdi> },
      { name: 'device', label: t('floor.device'), width: '96px', draw: (row) => (row.device ? <PhoneNumber number={row.device} /> : '–') },
      { name: 'calls', label: t('floor.callsToday'), width: '92px', end: true, sort: () => setOrder('calls'), sorted: order === 'calls', draw: (row) => (row.calls_today === undefined ? '–' : format.number(row.calls_today)) },
      { name: 'balance', label: t('floor.balance'), width: '86px', end: true, sort: () => setOrder('balance'), sorted: order === 'balance', draw: (row) => (row.balance === undefined ? '–' : <bdi dir="ltr">{format.decimal(row.balance, 1)}</bdi>) },
      ...(may || !past ? [{ name: 'menu', label: '', width: '52px', end: true, draw: (row: AgentRow) => <IconButton size="small" sx={{ p: 0.25 }} aria-label={`${t('app.actions')}: ${row.name || row.code}`} onClick={(event) => setMenu({ anchor: event.currentTarget, agent: row })}><Icon path={mdiDotsVertical} fontSize="small" /></IconButton> }] : []),
    ],
    [t, format, limits, order, may, past, queues],
  );
  const saysOf = (row: AgentRow) =>
    [
      row.code,
      row.device && `${t('floor.device')} ${format.digits(row.device)}`,
      row.queues.map((code) => queues.get(code)?.name || code).join(t('app.listed')),
      row.calls_today !== undefined && `${t('floor.callsToday')}: ${format.number(row.calls_today)}`,
      row.balance !== undefined && `${t('floor.balance')}: ${format.decimal(row.balance, 1)}`,
    ]
      .filter(Boolean)
      .join(' · ');
  const choose = useCallback((agent: AgentRow, anchor: HTMLElement) => setMenu({ anchor, agent }), []);
  const show = (next: View | null) => {
    if (!next) return;
    localStorage.setItem(view_place, next);
    setView(next);
  };
  return (
    <Panel
      dense
      grow
      title={t('floor.agents')}
      actions={
        <Stack direction="row" sx={{ gap: 0.75, flexWrap: 'wrap', alignItems: 'center' }}>
          {queue !== undefined && <Chip label={<Named code={queue} name={queues.get(queue)?.name} />} onDelete={() => onQueue(undefined)} color="primary" size="small" />}
          {states.map((state) => (
            <Chip key={state} size="small" label={<>{t(`state.${state}` as 'state.ready')} <span className="figures">{format.number(counts[state] ?? 0)}</span></>} variant={shown === state ? 'filled' : 'outlined'} aria-pressed={shown === state} onClick={() => setShown(shown === state ? undefined : state)} />
          ))}
          <TextField label={t('app.search')} value={text} onChange={(event) => setText(event.target.value)} sx={{ width: 150, '& input': { py: 0.75 } }} />
          <ToggleButtonGroup exclusive size="small" value={view} onChange={(_, next: View | null) => show(next)} aria-label={t('floor.view')}>
            <ToggleButton value="cards" aria-label={t('floor.viewCards')} sx={{ p: 0.6 }}>
              <Icon path={mdiViewGridOutline} fontSize="small" />
            </ToggleButton>
            <ToggleButton value="table" aria-label={t('floor.viewTable')} sx={{ p: 0.6 }}>
              <Icon path={mdiTable} fontSize="small" />
            </ToggleButton>
          </ToggleButtonGroup>
        </Stack>
      }
    >
      <Box sx={{ flex: 1, minHeight: { xs: 420, lg: 0 } }}>
        {view === 'cards' ? (
          <Cards label={t('floor.agents')} rows={rows} limitOf={(row) => limitOf(row.state, limits)} saysOf={saysOf} onChosen={choose} empty={t('floor.noAgents')} />
        ) : (
          <VirtualTable label={t('floor.agents')} columns={columns} rows={rows} keyOf={(row) => row.code} rowHeight={28} empty={t('floor.noAgents')} />
        )}
      </Box>
      {menu && <AgentMenu {...menu} may={may} queues={[...topic.table<QueueRow>('queues').values()]} onClose={() => setMenu(undefined)} />}
    </Panel>
  );
}

function AgentMenu({ anchor, agent, may, queues, onClose }: { anchor: HTMLElement; agent: AgentRow; may: boolean; queues: QueueRow[]; onClose(): void }) {
  const t = useText();
  const say = useSay();
  const connection = useConnection();
  const navigate = useNavigate();
  const mayMove = useMay('change_settings');
  const act = (what: () => Promise<unknown>) => {
    onClose();
    what().then(() => connection.refresh(), say.failed);
  };
  const items = [
    agent.call && (
      <MenuItem key="call" onClick={() => void navigate({ to: '/calls/$call', params: { call: agent.call! } })}>
        {t('floor.seeCall')}
      </MenuItem>
    ),
    may && <Divider key="line" />,
    may && (
      <MenuItem key="ready" disabled={agent.state === 'ready'} onClick={() => act(() => (agent.report_due ? release(agent.code) : ready(agent.code)))}>
        {t(agent.report_due ? 'floor.release' : 'floor.setReady')}
      </MenuItem>
    ),
    ...(may ? (['break', 'meeting', 'training'] as const).map((reason) => (
      <MenuItem key={reason} disabled={agent.state === 'signed-out'} onClick={() => act(() => pause(agent.code, reason))}>
        {t('floor.setPaused')} · {textOfCode(t, 'pause', reason)}
      </MenuItem>
    )) : []),
    may && (
      <MenuItem key="out" disabled={agent.state === 'signed-out'} onClick={() => act(() => out(agent.code))}>
        {t('floor.setOut')}
      </MenuItem>
    ),
    may && agent.call && (
      <MenuItem key="end" sx={{ color: 'error.main' }} onClick={() => act(() => endCall(agent.call!))}>
        {t('floor.endCall')}
      </MenuItem>
    ),
    mayMove && <Divider key="line2" />,
    ...(mayMove ? queues.slice(0, 30).map((queue) => (
      <MenuItem key={`q-${queue.code}`} role="menuitemcheckbox" aria-checked={agent.queues.includes(queue.code)} onClick={() => act(() => setQueues(agent.code, agent.queues.includes(queue.code) ? agent.queues.filter((each) => each !== queue.code) : [...agent.queues, queue.code]))}>
        {agent.queues.includes(queue.code) ? '✓ ' : '＋ '}
        <Named code={queue.code} name={queue.name} />
      </MenuItem>
    )) : []),
  ].filter(Boolean);
  return (
    <Menu open anchorEl={anchor} onClose={onClose}>
      {items.length > 0 ? items : <MenuItem disabled>{t('app.none')}</MenuItem>}
    </Menu>
  );
}

const limitOf = (state: string, limits: Limits) => (state === 'paused' ? limits.pause * 60_000 : state === 'wrap-up' ? limits.wrapUp * 60_000 : undefined);

const byCode = (a: AgentRow, b: AgentRow) => (a.code < b.code ? -1 : a.code > b.code ? 1 : 0);
const orders: Record<Order, (a: AgentRow, b: AgentRow) => number> = {
  state: (a, b) => (rank[a.state] ?? 9) - (rank[b.state] ?? 9) || byCode(a, b),
  name: byCode,
  calls: (a, b) => (b.calls_today ?? 0) - (a.calls_today ?? 0) || byCode(a, b),
  balance: (a, b) => (b.balance ?? 0) - (a.balance ?? 0) || byCode(a, b),
};
