import { mdiMicrophone, mdiStop, mdiUploadOutline } from '@mdi/js';
import Alert from '@mui/material/Alert';
import Button from '@mui/material/Button';
import Dialog from '@mui/material/Dialog';
import DialogActions from '@mui/material/DialogActions';
import DialogContent from '@mui/material/DialogContent';
import DialogTitle from '@mui/material/DialogTitle';
import LinearProgress from '@mui/material/LinearProgress';
import MenuItem from '@mui/material/MenuItem';
import Stack from '@mui/material/Stack';
import TextField from '@mui/material/TextField';
import ToggleButton from '@mui/material/ToggleButton';
import ToggleButtonGroup from '@mui/material/ToggleButtonGroup';
import Typography from '@mui/material/Typography';
import { useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useEffect, useMemo, useRef, useState } from 'react';
import { useFormat } from '../../app/format';
import { Icon } from '../../app/Icon';
import { Trouble } from '../../app/parts/parts';
import { useSay } from '../../app/parts/Toasts';
import { usePreferences } from '../../app/preferences';
import { type TextKey, useText } from '../../app/texts';
import { type Prompt, promptLanguages, type PromptLanguage, putPrompt, speakPrompt } from './api';
import { Recorder } from './sound';

const largest = 16 * 1024 * 1024; // bytes; the server takes no more
const ways = ['file', 'record', 'speech'] as const;
type Way = (typeof ways)[number];

export function PromptDialog({ taken, onClose }: { taken: Prompt[]; onClose(): void }) {
  const t = useText();
  const say = useSay();
  const client = useQueryClient();
  const { language: reader } = usePreferences();
  const [way, setWay] = useState<Way>('file');
  const [name, setName] = useState('');
  const [language, setLanguage] = useState<PromptLanguage>(reader);
  const [sound, setSound] = useState<Blob>();
  const [text, setText] = useState('');
  const [busy, setBusy] = useState(false);
  const [trouble, setTrouble] = useState<unknown>();
  const code = name.trim().toLowerCase().replace(/\s+/g, '-');
  const wrong = code !== '' && !/^[a-z0-9_-]{1,64}$/.test(code);
  const known = taken.find((each) => each.name === code && each.language === language);
  const complete = code !== '' && !wrong && (way === 'speech' ? text.trim() !== '' && language !== 'music' : sound !== undefined);

  async function submit(event: FormEvent) {
    event.preventDefault();
    setBusy(true);
    setTrouble(undefined);
    try {
      if (way === 'speech') await speakPrompt(code, { text: text.trim(), language });
      else await putPrompt(code, language, sound!);
      await client.invalidateQueries({ queryKey: ['settings', 'prompts'] });
      say.done(t('app.saved'));
      onClose();
    } catch (refusal) {
      setTrouble(refusal);
    } finally {
      setBusy(false);
    }
  }
  return (
    <Dialog open onClose={busy ? undefined : onClose} fullWidth maxWidth="sm" aria-labelledby="prompt">
      <form onSubmit={submit}>
        <DialogTitle id="prompt">{t('admin.promptNew')}</DialogTitle>
        <DialogContent sx={{ display: 'grid', gap: 2 }}>
          <ToggleButtonGroup exclusive size="small" fullWidth value={way} onChange={(_, next: Way | null) => next && (setWay(next), setSound(undefined), setTrouble(undefined))} aria-label={t('admin.promptWay')} sx={{ mt: 1 }}>
            {ways.map((each) => (
              <ToggleButton key={each} value={each}>
                {t(`admin.promptBy.${each}` as TextKey)}
              </ToggleButton>
            ))}
          </ToggleButtonGroup>
          <Stack direction="row" sx={{ gap: 2 }}>
            <TextField label={t('field.name')} value={name} onChange={(event) => setName(event.target.value)} required error={wrong} helperText={wrong ? t('admin.promptNameWrong') : known ? t('admin.promptReplaces') : t('admin.promptNameSays')} sx={{ flex: 1 }} slotProps={{ htmlInput: { dir: 'ltr', maxLength: 64, autoCapitalize: 'none' } }} />
            <TextField select label={t('admin.promptLanguage')} value={language} onChange={(event) => setLanguage(event.target.value as PromptLanguage)} sx={{ minWidth: 130 }}>
              {promptLanguages
                .filter((each) => way !== 'speech' || each !== 'music')
                .map((each) => (
                  <MenuItem key={each} value={each}>
                    {t(`promptLanguage.${each}` as TextKey)}
                  </MenuItem>
                ))}
            </TextField>
          </Stack>
          {way === 'file' && <FromFile sound={sound} onSound={setSound} />}
          {way === 'record' && <FromMicrophone onSound={setSound} />}
          {way === 'speech' && <TextField label={t('admin.promptText')} value={text} onChange={(event) => setText(event.target.value)} multiline minRows={3} helperText={t('admin.promptTextSays')} slotProps={{ htmlInput: { dir: 'auto', maxLength: 1000 } }} />}
          {sound && <Heard sound={sound} />}
          {busy && <LinearProgress aria-label={t('app.loading')} />}
          {trouble !== undefined && <Trouble error={trouble} />}
        </DialogContent>
        <DialogActions>
          <Button onClick={onClose} disabled={busy}>
            {t('app.cancel')}
          </Button>
          <Button type="submit" variant="contained" disabled={!complete || busy}>
            {t('app.save')}
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}

// What cannot be taken is said before it is sent: too long, or no sound by its first bytes.
function FromFile({ sound, onSound }: { sound?: Blob; onSound(sound: Blob | undefined): void }) {
  const t = useText();
  const format = useFormat();
  const [wrong, setWrong] = useState<string>();
  async function chosen(file: File | undefined) {
    if (!file) return;
    onSound(undefined);
    const head = new TextDecoder('latin1').decode(await file.slice(0, 12).arrayBuffer());
    const isSound = (head.startsWith('RIFF') && head.endsWith('WAVE')) || head.startsWith('OggS');
    setWrong(file.size > largest ? t('admin.promptTooLarge', { size: format.number(Math.ceil(file.size / 1_048_576)) }) : isSound ? undefined : t('admin.promptNoSound', { name: file.name }));
    if (isSound && file.size <= largest) onSound(file);
  }
  return (
    <Stack sx={{ gap: 1 }}>
      <Button component="label" variant="outlined" startIcon={<Icon path={mdiUploadOutline} />}>
        {sound instanceof File ? <bdi>{sound.name}</bdi> : t('admin.promptChoose')}
        <input type="file" hidden accept=".wav,.ogg,.opus,audio/wav,audio/ogg" onChange={(event) => (void chosen(event.target.files?.[0]), (event.target.value = ''))} aria-label={t('admin.promptChoose')} />
      </Button>
      {wrong ? (
        <Alert severity="error">{wrong}</Alert>
      ) : (
        <Typography variant="body2" color="text.secondary">
          {t('admin.promptFileSays')}
        </Typography>
      )}
    </Stack>
  );
}

function FromMicrophone({ onSound }: { onSound(sound: Blob | undefined): void }) {
  const t = useText();
  const format = useFormat();
  const recorder = useRef<Recorder>(undefined);
  const [since, setSince] = useState<number>();
  const [seconds, setSeconds] = useState(0);
  const [trouble, setTrouble] = useState<TextKey>();
  useEffect(() => {
    if (since === undefined) return;
    const timer = setInterval(() => setSeconds(Math.floor((Date.now() - since) / 1000)), 250);
    return () => clearInterval(timer);
  }, [since]);
  useEffect(() => () => recorder.current?.drop(), []);
  async function toggle() {
    setTrouble(undefined);
    try {
      if (since === undefined) {
        onSound(undefined);
        recorder.current = await Recorder.begin();
        setSeconds(0);
        setSince(Date.now());
      } else {
        setSince(undefined);
        onSound(await recorder.current?.end());
      }
    } catch (error) {
      setSince(undefined);
      setTrouble(error instanceof DOMException && error.name === 'NotAllowedError' ? 'app.microphone.denied' : error instanceof DOMException && error.name === 'SecurityError' ? 'app.microphone.insecure' : 'app.microphone.none');
    }
  }
  return (
    <Stack sx={{ gap: 1, alignItems: 'flex-start' }}>
      <Stack direction="row" sx={{ gap: 2, alignItems: 'center' }}>
        <Button variant={since === undefined ? 'outlined' : 'contained'} color={since === undefined ? 'primary' : 'error'} startIcon={<Icon path={since === undefined ? mdiMicrophone : mdiStop} />} onClick={() => void toggle()}>
          {t(since === undefined ? 'admin.promptRecord' : 'admin.promptStop')}
        </Button>
        {since !== undefined && (
          <Typography className="figures" role="timer">
            {format.duration(seconds * 1000)}
          </Typography>
        )}
      </Stack>
      {trouble ? (
        <Alert severity="error">{t(trouble)}</Alert>
      ) : (
        <Typography variant="body2" color="text.secondary">
          {t('admin.promptRecordSays')}
        </Typography>
      )}
    </Stack>
  );
}

function Heard({ sound }: { sound: Blob }) {
  const t = useText();
  const source = useMemo(() => URL.createObjectURL(sound), [sound]);
  useEffect(() => () => URL.revokeObjectURL(source), [source]);
  return <audio controls src={source} aria-label={t('admin.listen')} style={{ inlineSize: '100%' }} />;
}
