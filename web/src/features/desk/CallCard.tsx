import { mdiAccountArrowRightOutline, mdiAccountMultipleOutline, mdiCheckBold, mdiDialpad, mdiMicrophoneOff, mdiPause, mdiPhoneHangup, mdiPlay, mdiRecordCircleOutline, mdiUndoVariant } from '@mdi/js';
import Box from '@mui/material/Box';
import Button from '@mui/material/Button';
import Paper from '@mui/material/Paper';
import Stack from '@mui/material/Stack';
import Tooltip from '@mui/material/Tooltip';
import Typography from '@mui/material/Typography';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { Icon } from '../../app/Icon';
import { type Action, keyName, useActions } from '../../app/keys';
import type { AgentRow, CallRow } from '../../app/live/topics';
import { Elapsed, Named, PhoneNumber, StateChip } from '../../app/parts/parts';
import { QueueName } from '../../app/parts/Names';
import { contactOf } from '../../app/records';
import { useSeatPhone } from '../../app/seatPhone';
import { useText } from '../../app/texts';
import { consult, tell, transfer } from './api';
import { Keypad } from './Keypad';
import { useAct } from './StateBar';
import { WhereDialog } from './WhereDialog';

export function CallCard({ agent, call, ended }: { agent: AgentRow; call?: CallRow; ended?: CallRow }) {
  const t = useText();
  const shown = call ?? ended; // ended: the wrap-up is about it
  const { data: contact } = useQuery({ ...contactOf(shown?.caller ?? ''), enabled: ended !== undefined && call === undefined }); // a live row brings the name
  const name = call ? call.contact : contact?.name;
  if (!shown) {
    return (
      <Paper variant="outlined" sx={{ p: 3, minHeight: 150, display: 'grid', placeItems: 'center', textAlign: 'center' }} data-testid="no-call">
        <Box>
          <Typography variant="h2">{t(agent.state === 'ready' ? 'desk.waits' : agent.state === 'signed-out' ? 'desk.isOut' : 'desk.noCall')}</Typography>
          <Typography color="text.secondary" sx={{ mt: 0.5 }}>
            {t('desk.help')}
          </Typography>
        </Box>
      </Paper>
    );
  }
  const offered = call?.state === 'offered';
  return (
    <Paper variant="outlined" component="section" aria-label={t('desk.call')} data-testid="call" data-call={shown.call} data-state={call ? call.state : 'ended'} sx={(theme) => ({ p: 2, paddingInlineStart: 2.75, position: 'relative', overflow: 'hidden', '&::before': { content: '""', position: 'absolute', insetBlock: 0, insetInlineStart: 0, inlineSize: 6, bgcolor: theme.vars?.palette.state[offered ? 'offered' : call ? 'talking' : 'wrap-up'] } })}>
      <Stack direction="row" sx={{ gap: 2, alignItems: 'flex-start', justifyContent: 'space-between', flexWrap: 'wrap' }}>
        <Box sx={{ minWidth: 0 }}>
          <Typography component="p" sx={{ fontSize: '1.9rem', fontWeight: 700, lineHeight: 1.25, overflowWrap: 'anywhere' }}>
            {name ? <bdi>{name}</bdi> : shown.caller ? <PhoneNumber number={shown.caller} /> : t('desk.hiddenNumber')}
          </Typography>
          <Typography color="text.secondary">
            {name && (
              <>
                <PhoneNumber number={shown.caller} /> ·{' '}
              </>
            )}
            {shown.queue && (
              <>
                {t('field.queue')} {shown.queue_name ? <Named code={shown.queue} name={shown.queue_name} /> : <QueueName code={shown.queue} />}
              </>
            )}
            {shown.number && (
              <>
                {' · '}
                {t('desk.dialled')} <PhoneNumber number={shown.number} />
              </>
            )}
          </Typography>
        </Box>
        <Box sx={{ textAlign: 'end', fontSize: '1.15rem' }}>
          {call ? <StateChip state={call.state} /> : <StateChip state="wrap-up" />}
          <Typography component="div" sx={{ fontSize: '1.6rem', fontWeight: 700, lineHeight: 1.3 }}>
            <Elapsed since={call ? (offered || call.state === 'waiting' ? call.arrived : call.since) : agent.since} />
          </Typography>
          {call?.recording && (
            <Typography variant="caption" color="error.main" sx={{ display: 'inline-flex', alignItems: 'center', gap: 0.5 }}>
              <Icon path={mdiRecordCircleOutline} sx={{ fontSize: 14 }} />
              {t('desk.recorded')}
            </Typography>
          )}
        </Box>
      </Stack>
      {call && !offered && <Controls agent={agent} call={call} />}
      {offered && (
        <Typography sx={{ mt: 2 }} color="text.secondary">
          {t('desk.rings')}
        </Typography>
      )}
    </Paper>
  );
}

function Controls({ agent, call }: { agent: AgentRow; call: CallRow }) {
  const t = useText();
  const act = useAct();
  const phone = useSeatPhone()?.call;
  const [dialog, setDialog] = useState<'transfer' | 'consult' | 'keypad'>();
  const held = call.state === 'held';
  const consulting = call.state === 'consulting';
  const actions: (Action & { icon: string; colour?: 'error' | 'success'; shown: boolean })[] = [
    { key: 'Alt+KeyH', label: held ? 'desk.resume' : 'desk.hold', icon: held ? mdiPlay : mdiPause, allowed: !consulting, shown: !consulting, run: () => act(() => tell(agent.code, held ? 'resume' : 'hold')) },
    { key: 'Alt+KeyM', label: phone?.muted ? 'desk.unmute' : 'desk.mute', icon: mdiMicrophoneOff, allowed: phone !== undefined, shown: phone !== undefined, run: () => phone?.mute(!phone.muted) },
    { key: 'Alt+KeyK', label: 'desk.keypad', icon: mdiDialpad, allowed: phone !== undefined, shown: phone !== undefined, run: () => setDialog('keypad') },
    { key: 'Alt+KeyC', label: 'desk.consult', icon: mdiAccountMultipleOutline, allowed: !consulting, shown: !consulting, run: () => setDialog('consult') },
    { key: 'Alt+KeyT', label: 'desk.transfer', icon: mdiAccountArrowRightOutline, allowed: !consulting, shown: !consulting, run: () => setDialog('transfer') },
    { key: 'Alt+KeyT', label: 'desk.complete', icon: mdiCheckBold, colour: 'success', allowed: consulting, shown: consulting, run: () => act(() => tell(agent.code, 'complete')) },
    { key: 'Alt+KeyC', label: 'desk.cancelConsult', icon: mdiUndoVariant, allowed: consulting, shown: consulting, run: () => act(() => tell(agent.code, 'cancel')) },
    { key: 'Alt+KeyX', label: 'desk.hangup', icon: mdiPhoneHangup, colour: 'error', allowed: true, shown: true, run: () => act(() => tell(agent.code, 'hangup')) },
  ];
  useActions(actions.filter((each) => each.shown && each.key !== 'Alt+KeyM')); // the phone's own key, on every page
  return (
    <>
      <Stack direction="row" sx={{ gap: 1, flexWrap: 'wrap', mt: 2 }}>
        {actions
          .filter((each) => each.shown)
          .map((each) => (
            <Tooltip key={each.label} title={<kbd dir="ltr">{keyName(each.key)}</kbd>}>
              <Button variant={each.colour ? 'contained' : 'outlined'} color={each.colour ?? 'primary'} size="large" startIcon={<Icon path={each.icon} />} onClick={each.run} disabled={!each.allowed} aria-keyshortcuts={each.key.replace('Key', '')} aria-pressed={each.label === 'desk.unmute' ? true : undefined} sx={each.label === 'desk.hangup' ? { marginInlineStart: 'auto' } : undefined}>
                {t(each.label)}
              </Button>
            </Tooltip>
          ))}
      </Stack>
      {dialog === 'transfer' && <WhereDialog title={t('desk.transfer')} kinds={['agent', 'queue', 'number']} onClose={() => setDialog(undefined)} onChosen={(to) => act(() => transfer(agent.code, to))} />}
      {dialog === 'consult' && <WhereDialog title={t('desk.consult')} kinds={['agent', 'number']} onClose={() => setDialog(undefined)} onChosen={(to) => act(() => consult(agent.code, to))} />}
      {dialog === 'keypad' && <Keypad onClose={() => setDialog(undefined)} onDigit={(digit) => phone?.digits(digit)} />}
    </>
  );
}
