import { mdiCoffeeOutline, mdiExitToApp, mdiPhoneDialOutline, mdiPlay } from '@mdi/js';
import Alert from '@mui/material/Alert';
import Box from '@mui/material/Box';
import Button from '@mui/material/Button';
import Menu from '@mui/material/Menu';
import MenuItem from '@mui/material/MenuItem';
import Paper from '@mui/material/Paper';
import Typography from '@mui/material/Typography';
import { useRef, useState } from 'react';
import { Icon } from '../../app/Icon';
import { type Action, useActions } from '../../app/keys';
import { useConnection } from '../../app/live/hooks';
import type { AgentRow } from '../../app/live/topics';
import { Elapsed, Named, PhoneNumber, StateChip } from '../../app/parts/parts';
import { useSay } from '../../app/parts/Toasts';
import { useSeatPhone } from '../../app/seatPhone';
import { useText } from '../../app/texts';
import { dial, pause, ready, tell } from './api';
import { WhereDialog } from './WhereDialog';

export const pauseReasons = ['break', 'lunch', 'prayer', 'meeting', 'training', 'paperwork'] as const;

export function StateBar({ agent }: { agent: AgentRow }) {
  const t = useText();
  const act = useAct();
  const seat = useSeatPhone();
  const anchor = useRef<HTMLButtonElement>(null);
  const [choosing, setChoosing] = useState(false);
  const [dialling, setDialling] = useState(false);
  const inCall = agent.state === 'talking' || agent.state === 'offered';
  const actions = {
    ready: { key: 'Alt+KeyR', label: 'desk.ready', allowed: agent.state === 'paused' || agent.state === 'signed-out' || (agent.state === 'wrap-up' && !agent.report_due), run: () => act(() => ready(agent.code, seat?.device)) },
    pause: { key: 'Alt+KeyP', label: inCall ? 'desk.pauseAfter' : 'desk.pause', allowed: agent.state !== 'signed-out', run: () => setChoosing(true) },
    dial: { key: 'Alt+KeyL', label: 'desk.dial', allowed: !inCall && agent.state !== 'signed-out', run: () => setDialling(true) },
    out: { key: 'Alt+KeyO', label: 'desk.out', allowed: !inCall && agent.state !== 'signed-out', run: () => act(() => tell(agent.code, 'out')) },
  } satisfies Record<string, Action>;
  useActions(Object.values(actions));
  return (
    <Paper variant="outlined" sx={{ p: 1.5, display: 'flex', alignItems: 'center', gap: 1.5, flexWrap: 'wrap' }} data-testid="state-bar">
      <Box sx={{ fontSize: '1.35rem', display: 'flex', gap: 1.5, alignItems: 'baseline', minWidth: 220, flexWrap: 'wrap' }} role="status" aria-label={t('desk.state')} data-state={agent.state}>
        <StateChip state={agent.state} reason={agent.reason} />
        <Elapsed since={agent.since} />
      </Box>
      <Typography color="text.secondary" variant="body2" sx={{ flex: 1, minWidth: 90 }}>
        <Named code={agent.code} name={agent.name} />
        {agent.device && (
          <>
            {' · '}
            {t('desk.phone')} <PhoneNumber number={agent.device} />
          </>
        )}
      </Typography>
      <Button size="large" variant="contained" color="success" startIcon={<Icon path={mdiPlay} turns />} disabled={!actions.ready.allowed} onClick={actions.ready.run} aria-keyshortcuts="Alt+R">
        {t('desk.ready')}
      </Button>
      <Button ref={anchor} size="large" variant="outlined" color="warning" startIcon={<Icon path={mdiCoffeeOutline} />} disabled={!actions.pause.allowed} onClick={actions.pause.run} aria-haspopup="menu" aria-keyshortcuts="Alt+P">
        {t(actions.pause.label)}
      </Button>
      <Button size="large" variant="outlined" startIcon={<Icon path={mdiPhoneDialOutline} />} disabled={!actions.dial.allowed} onClick={actions.dial.run} aria-keyshortcuts="Alt+L">
        {t('desk.dial')}
      </Button>
      <Button size="large" color="secondary" startIcon={<Icon path={mdiExitToApp} turns />} disabled={!actions.out.allowed} onClick={actions.out.run} aria-keyshortcuts="Alt+O">
        {t('desk.out')}
      </Button>
      <Menu anchorEl={anchor.current} open={choosing} onClose={() => setChoosing(false)}>
        {pauseReasons.map((reason) => (
          <MenuItem
            key={reason}
            onClick={() => {
              setChoosing(false);
              act(() => pause(agent.code, reason));
            }}
          >
            {t(`pause.${reason}`)}
          </MenuItem>
        ))}
      </Menu>
      {dialling && <WhereDialog title={t('desk.dial')} kinds={['number']} onClose={() => setDialling(false)} onChosen={({ number }) => act(() => dial(agent.code, number!))} />}
      {agent.report_due && (
        <Alert severity="info" sx={{ inlineSize: '100%' }}>
          {t('desk.reportDue')}
        </Alert>
      )}
    </Paper>
  );
}

// Do it, say only what went wrong: the state itself shows that it went well.
export function useAct() {
  const say = useSay();
  const connection = useConnection();
  return (what: () => Promise<unknown>) => {
    void what().then(
      () => connection.refresh(),
      (error) => say.failed(error),
    );
  };
}
