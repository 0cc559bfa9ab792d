import Alert from '@mui/material/Alert';
import Button from '@mui/material/Button';
import Dialog from '@mui/material/Dialog';
import DialogActions from '@mui/material/DialogActions';
import DialogContent from '@mui/material/DialogContent';
import DialogTitle from '@mui/material/DialogTitle';
import LinearProgress from '@mui/material/LinearProgress';
import MenuItem from '@mui/material/MenuItem';
import TextField from '@mui/material/TextField';
import Typography from '@mui/material/Typography';
import { useCallback, useEffect, useState } from 'react';
import { prefer, usePreferences } from '../../app/preferences';
import { useText } from '../../app/texts';
import type { Phone, PhoneState } from './phone';

// Which microphone, which speaker, and whether one hears oneself: before the first customer does.
export function PhoneSetup({ phone, state, onClose }: { phone: Phone; state: PhoneState; onClose(): void }) {
  const t = useText();
  const { microphone, speaker } = usePreferences();
  const [devices, setDevices] = useState<MediaDeviceInfo[]>([]);
  const [stream, setStream] = useState<MediaStream>();
  const level = useLevel(stream);
  const check = useCallback(async () => {
    setStream(await phone.tryMicrophone());
    setDevices((await navigator.mediaDevices?.enumerateDevices()) ?? []); // names come only after permission
  }, [phone]);
  useEffect(() => void check(), [check]);
  const kinds = { audioinput: devices.filter((each) => each.kind === 'audioinput' && each.deviceId), audiooutput: devices.filter((each) => each.kind === 'audiooutput' && each.deviceId) };
  const known = (kind: keyof typeof kinds, id?: string) => (kinds[kind].some((each) => each.deviceId === id) ? id : (kinds[kind][0]?.deviceId ?? ''));
  const close = () => {
    if (state.legs.length === 0) void phone.useMicrophone(); // gives the microphone back
    onClose();
  };
  return (
    <Dialog open onClose={close} fullWidth maxWidth="xs" aria-labelledby="phone-setup">
      <DialogTitle id="phone-setup">{t('phone.setup')}</DialogTitle>
      <DialogContent sx={{ display: 'grid', gap: 2 }}>
        {state.microphone && (
          <Alert severity="error" action={<Button color="inherit" size="small" onClick={() => void check()}>{t('app.again')}</Button>}>
            {t(`phone.trouble.${state.microphone}`)}
          </Alert>
        )}
        <TextField select label={t('phone.microphone')} value={known('audioinput', microphone)} onChange={(event) => (prefer({ microphone: event.target.value }), void phone.useMicrophone().then(check))} sx={{ mt: 1 }}>
          {kinds.audioinput.map((each) => (
            <MenuItem key={each.deviceId} value={each.deviceId}>
              <bdi>{each.label || t('phone.microphone')}</bdi>
            </MenuItem>
          ))}
        </TextField>
        <div>
          <Typography variant="body2" id="level">
            {t('phone.speak')}
          </Typography>
          <LinearProgress variant="determinate" value={level} aria-labelledby="level" color={level > 4 ? 'success' : 'warning'} sx={{ height: 10, borderRadius: 5 }} />
        </div>
        {kinds.audiooutput.length > 0 && (
          <TextField select label={t('phone.speaker')} value={known('audiooutput', speaker)} onChange={(event) => (prefer({ speaker: event.target.value }), void phone.useSpeaker(event.target.value))}>
            {kinds.audiooutput.map((each) => (
              <MenuItem key={each.deviceId} value={each.deviceId}>
                <bdi>{each.label || t('phone.speaker')}</bdi>
              </MenuItem>
            ))}
          </TextField>
        )}
        <Typography variant="body2" color="text.secondary">
          {t('phone.setupSays')}
        </Typography>
      </DialogContent>
      <DialogActions>
        {state.seat !== 'off' && (
          <Button color="error" onClick={() => (phone.use(false), close())} disabled={state.legs.length > 0}>
            {t('phone.stopUsing')}
          </Button>
        )}
        <Button onClick={close}>{t('app.close')}</Button>
        {state.seat === 'off' && (
          <Button variant="contained" disabled={state.microphone !== undefined} onClick={() => (phone.use(true), close())}>
            {t('phone.use')}
          </Button>
        )}
      </DialogActions>
    </Dialog>
  );
}

// Loudness of the microphone, 0…100.
function useLevel(stream: MediaStream | undefined): number {
  const [level, setLevel] = useState(0);
  useEffect(() => {
    if (!stream) return setLevel(0);
    const context = new AudioContext();
    const analyser = context.createAnalyser();
    context.createMediaStreamSource(stream).connect(analyser);
    const samples = new Float32Array(analyser.fftSize);
    const timer = setInterval(() => {
      analyser.getFloatTimeDomainData(samples);
      setLevel(Math.min(100, Math.sqrt(samples.reduce((sum, each) => sum + each * each, 0) / samples.length) * 400));
    }, 100);
    return () => {
      clearInterval(timer);
      void context.close();
    };
  }, [stream]);
  return level;
}
