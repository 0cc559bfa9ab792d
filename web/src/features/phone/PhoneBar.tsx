// The browser phone in the frame of every page: a call goes on while one looks at another page.
import { mdiHeadset, mdiHeadsetOff, mdiMicrophone, mdiMicrophoneOff, mdiPhone, mdiPhoneHangup, mdiSignal, mdiSignalCellular1, mdiSignalCellular2, mdiSignalCellular3, mdiTuneVariant, mdiVolumeHigh } from '@mdi/js';
import Alert from '@mui/material/Alert';
import Box from '@mui/material/Box';
import Button from '@mui/material/Button';
import IconButton from '@mui/material/IconButton';
import Stack from '@mui/material/Stack';
import Tooltip from '@mui/material/Tooltip';
import Typography from '@mui/material/Typography';
import { useEffect, useState, useSyncExternalStore } from 'react';
import { useFormat } from '../../app/format';
import { Icon } from '../../app/Icon';
import { useActions } from '../../app/keys';
import { useConnection, useStatus, useTopic } from '../../app/live/hooks';
import type { CallRow } from '../../app/live/topics';
import { Named, PhoneNumber, useNow } from '../../app/parts/parts';
import { useText } from '../../app/texts';
import { type Leg, Phone, type PhoneState } from './phone';
import { PhoneSetup } from './PhoneSetup';

export function PhoneBar(_: { agent: string }) {
  const t = useText();
  const phone = usePhone();
  const state = useSyncExternalStore(phone.subscribe, phone.read);
  const status = useStatus();
  const [setup, setSetup] = useState(false);
  const ringing = state.legs.find((each) => each.state === 'ringing');
  const active = state.legs.find((each) => each.state !== 'ringing');
  useActions([
    { key: 'Alt+KeyA', label: 'phone.accept', allowed: ringing !== undefined, run: () => ringing && void phone.accept(ringing.leg) },
    { key: 'Alt+KeyM', label: state.muted ? 'phone.unmute' : 'phone.mute', allowed: active !== undefined, run: () => phone.mute(!state.muted) },
    { key: 'Alt+KeyJ', label: 'phone.reject', allowed: ringing !== undefined, run: () => ringing && phone.reject(ringing.leg) },
  ]);
  return (
    <Stack direction="row" sx={{ alignItems: 'center', gap: 1, flexWrap: 'wrap', minHeight: 44 }} data-testid="phone" data-seat={state.seat}>
      {state.seat === 'off' && (
        <Button size="small" startIcon={<Icon path={mdiHeadset} />} onClick={() => setSetup(true)} disabled={status !== 'live'}>
          {t('phone.use')}
        </Button>
      )}
      {state.seat === 'asking' && <Typography variant="body2" color="text.secondary">{t('phone.connecting')}</Typography>}
      {state.seat === 'taken' && (
        <>
          <Typography variant="body2" sx={{ display: 'flex', gap: 0.5 }}>
            <Icon path={mdiHeadsetOff} fontSize="small" />
            {t('phone.taken')}
          </Typography>
          <Button size="small" variant="outlined" onClick={() => phone.register(true)}>
            {t('phone.takeHere')}
          </Button>
        </>
      )}
      {state.seat === 'here' && !ringing && !active && (
        <Typography variant="body2" color="text.secondary" sx={{ display: 'flex', gap: 0.5, alignItems: 'center' }}>
          <Icon path={mdiHeadset} fontSize="small" color="success" />
          {t('phone.ready')}
        </Typography>
      )}
      {ringing && <Ringing leg={ringing} phone={phone} />}
      {active && <Talking leg={active} phone={phone} state={state} />}
      {state.silenced && (
        <Button size="small" variant="contained" color="warning" startIcon={<Icon path={mdiVolumeHigh} />} onClick={() => phone.hear()}>
          {t('phone.hear')}
        </Button>
      )}
      {state.seat !== 'off' && (
        <Tooltip title={t('phone.setup')}>
          <IconButton size="small" aria-label={t('phone.setup')} onClick={() => setSetup(true)}>
            <Icon path={mdiTuneVariant} fontSize="small" />
          </IconButton>
        </Tooltip>
      )}
      {state.microphone && (
        <Alert severity="error" sx={{ py: 0, flexBasis: '100%' }} action={<Button color="inherit" size="small" onClick={() => setSetup(true)}>{t('phone.setup')}</Button>}>
          {t(`phone.trouble.${state.microphone}`)}
        </Alert>
      )}
      {state.said && (
        <Alert severity="warning" sx={{ py: 0 }}>
          <bdi dir="ltr">{state.said}</bdi>
        </Alert>
      )}
      {setup && <PhoneSetup phone={phone} state={state} onClose={() => setSetup(false)} />}
    </Stack>
  );
}

// One phone a tab, whatever page is shown. When the session ends in mid-call the sign-in page comes, and the call goes on beneath it.
let one: Phone | undefined;
function usePhone(): Phone {
  const connection = useConnection();
  const [phone] = useState(() => (one ??= new Phone(connection)));
  useEffect(() => {
    phone.start();
    return () => phone.stop(connection.wasSignedOut);
  }, [phone, connection]);
  return phone;
}

function Ringing({ leg, phone }: { leg: Leg; phone: Phone }) {
  const t = useText();
  const call = useTopic('desk').table<CallRow>('calls').get(leg.call);
  const name = call?.contact || leg.name;
  return (
    <Stack direction="row" role="alert" sx={{ alignItems: 'center', gap: 1, bgcolor: 'success.main', color: 'success.contrastText', borderRadius: 2, paddingInlineStart: 2, p: 0.75, flexWrap: 'wrap' }} data-testid="ringing" data-leg={leg.leg}>
      <Typography sx={{ fontWeight: 700 }}>
        {t('phone.rings')} {name ? <bdi>{name}</bdi> : <PhoneNumber number={leg.caller} />}
        {leg.queue && <> · <Named code={leg.queue} name={call?.queue_name} /></>}
      </Typography>
      <Button variant="contained" color="inherit" sx={{ color: 'success.main', bgcolor: 'background.paper' }} startIcon={<Icon path={mdiPhone} />} onClick={() => void phone.accept(leg.leg)} aria-keyshortcuts="Alt+A" autoFocus>
        {t('phone.accept')}
      </Button>
      <Button color="inherit" onClick={() => phone.reject(leg.leg)} aria-keyshortcuts="Alt+J">
        {t('phone.reject')}
      </Button>
    </Stack>
  );
}

const bars = { good: mdiSignalCellular3, fair: mdiSignalCellular2, poor: mdiSignalCellular1 };

function Talking({ leg, phone, state }: { leg: Leg; phone: Phone; state: PhoneState }) {
  const t = useText();
  const format = useFormat();
  const now = useNow();
  const { quality } = state;
  const figures = quality ? t('phone.quality', { loss: format.decimal(quality.loss, 1), jitter: format.number(quality.jitter_ms), rtt: format.number(quality.rtt_ms) }) + (quality.codec === 'opus' ? ` · ${t('phone.opus')}` : '') : t('phone.measuring');
  return (
    <Stack direction="row" sx={{ alignItems: 'center', gap: 1 }} data-testid="talking" data-leg={leg.leg} data-state={leg.state} data-grade={quality?.grade}>
      <Typography sx={{ fontWeight: 700 }}>
        {t(leg.state === 'connecting' ? 'phone.connecting' : leg.state === 'held' ? 'phone.held' : 'phone.talking')} <span className="figures">{format.duration(now - leg.since)}</span>
      </Typography>
      <Tooltip title={figures}>
        <Box component="span" role="img" aria-label={figures} sx={{ display: 'inline-flex', color: quality?.grade === 'poor' ? 'error.main' : quality?.grade === 'fair' ? 'warning.main' : 'success.main' }}>
          <Icon path={quality ? bars[quality.grade] : mdiSignal} />
        </Box>
      </Tooltip>
      {quality?.grade === 'poor' && <Typography variant="body2" color="error">{t('phone.poor')}</Typography>}
      <Tooltip title={t(state.muted ? 'phone.unmute' : 'phone.mute')}>
        <IconButton size="small" color={state.muted ? 'error' : 'default'} aria-pressed={state.muted} aria-label={t('phone.mute')} onClick={() => phone.mute(!state.muted)}>
          <Icon path={state.muted ? mdiMicrophoneOff : mdiMicrophone} />
        </IconButton>
      </Tooltip>
      <Tooltip title={t('phone.hangup')}>
        <IconButton size="small" color="error" aria-label={t('phone.hangup')} onClick={() => phone.hangup(leg.leg)}>
          <Icon path={mdiPhoneHangup} />
        </IconButton>
      </Tooltip>
    </Stack>
  );
}
