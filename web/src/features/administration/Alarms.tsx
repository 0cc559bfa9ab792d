// From which figure on a queue is in alarm: the centre's own thresholds, and where a queue differs; and who is sent mail.
import { mdiPencilOutline } from '@mdi/js';
import Alert from '@mui/material/Alert';
import Autocomplete from '@mui/material/Autocomplete';
import Box from '@mui/material/Box';
import Button from '@mui/material/Button';
import Dialog from '@mui/material/Dialog';
import DialogActions from '@mui/material/DialogActions';
import DialogContent from '@mui/material/DialogContent';
import DialogTitle from '@mui/material/DialogTitle';
import IconButton from '@mui/material/IconButton';
import MenuItem from '@mui/material/MenuItem';
import Stack from '@mui/material/Stack';
import Table from '@mui/material/Table';
import TableBody from '@mui/material/TableBody';
import TableCell from '@mui/material/TableCell';
import TableContainer from '@mui/material/TableContainer';
import TableHead from '@mui/material/TableHead';
import TableRow from '@mui/material/TableRow';
import TextField from '@mui/material/TextField';
import Typography from '@mui/material/Typography';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { type FormEvent, useState } from 'react';
import { type Format, latinDigits, useFormat } from '../../app/format';
import { Icon } from '../../app/Icon';
import { Panel, Trouble } from '../../app/parts/parts';
import { useSay } from '../../app/parts/Toasts';
import { useMay } from '../../app/session';
import { textOfCode, useText } from '../../app/texts';
import { alarmMail, centre, changeAlarmMail, changeCentre, list, mailServer, patch, type Settings } from './api';
import { DurationInput } from './DurationInput';

const thresholds = ['alarm_longest_wait', 'alarm_waiting', 'alarm_service_level', 'alarm_service_level_30', 'alarm_free_agents', 'alarm_abandoned', 'alarm_after'] as const;
type Threshold = (typeof thresholds)[number];
const durations = new Set<Threshold>(['alarm_longest_wait', 'alarm_after']);
const shares = new Set<Threshold>(['alarm_service_level', 'alarm_service_level_30', 'alarm_abandoned']);

function written(name: Threshold, value: unknown, format: Format): string | undefined {
  const text = String(value ?? '');
  if (text === '' || text === 'off') return undefined;
  if (durations.has(name)) return format.setting(text);
  return shares.has(name) ? format.percent(Number(text) * 10) : format.number(Number(text));
}

export function Alarms() {
  return (
    <Stack sx={{ gap: 2 }}>
      <Thresholds />
      <AlarmMailPanel />
    </Stack>
  );
}

function Thresholds() {
  const t = useText();
  const format = useFormat();
  const mayChange = useMay('change_settings');
  const whole = useQuery({ queryKey: ['settings', 'centre'], queryFn: centre });
  const queues = useQuery({ queryKey: ['settings', 'queues'], queryFn: () => list('queues') });
  const [edited, setEdited] = useState<{ queue?: string; row: Settings }>();
  const rows: { queue?: string; row: Settings }[] = whole.data && queues.data ? [{ row: whole.data as Settings }, ...queues.data.map((row) => ({ queue: String(row.queue), row }))] : [];
  const error = whole.error ?? queues.error;
  const shown = (name: Threshold, row: Settings, queue?: string) => {
    const own = written(name, row[name], format);
    if (own) return <b>{own}</b>;
    if (row[name] === 'off' || !queue) return '–';
    const general = written(name, (whole.data as Settings)[name], format);
    return general ? <Box component="span" sx={{ color: 'text.secondary' }}>{general}</Box> : '–';
  };
  return (
    <Panel title={t('admin.alarms')} actions={<Button component={Link} to="/alarms">{t('admin.alarmList')}</Button>}>
      <Typography color="text.secondary" sx={{ mb: 1.5 }}>
        {t('admin.alarmsSays')}
      </Typography>
      {error && <Trouble error={error} />}
      <TableContainer sx={{ maxHeight: 560 }}>
        <Table size="small" stickyHeader data-testid="thresholds">
          <TableHead>
            <TableRow>
              <TableCell>{t('field.queue')}</TableCell>
              {thresholds.map((name) => (
                <TableCell key={name} align="right" sx={{ whiteSpace: 'normal', minWidth: 86, verticalAlign: 'bottom' }}>
                  {t(`admin.${name}`)}
                </TableCell>
              ))}
              <TableCell />
            </TableRow>
          </TableHead>
          <TableBody>
            {rows.map(({ queue, row }) => (
              <TableRow key={queue ?? ''} hover>
                <TableCell component="th" scope="row">
                  {queue ? <bdi>{String(row.name || queue)}</bdi> : <b>{t('admin.alarmsWhole')}</b>}
                </TableCell>
                {thresholds.map((name) => (
                  <TableCell key={name} align="right">
                    {shown(name, row, queue)}
                  </TableCell>
                ))}
                <TableCell padding="checkbox">
                  {mayChange && (
                    <IconButton size="small" aria-label={`${t('app.edit')}: ${queue ?? t('admin.alarmsWhole')}`} onClick={() => setEdited({ queue, row })}>
                      <Icon path={mdiPencilOutline} fontSize="small" />
                    </IconButton>
                  )}
                </TableCell>
              </TableRow>
            ))}
          </TableBody>
        </Table>
      </TableContainer>
      {edited && <ThresholdDialog {...edited} onClose={() => setEdited(undefined)} />}
    </Panel>
  );
}

// A queue's threshold is the centre's, none, or its own.
function ThresholdDialog({ queue, row, onClose }: { queue?: string; row: Settings; onClose(): void }) {
  const t = useText();
  const say = useSay();
  const client = useQueryClient();
  const [draft, setDraft] = useState<Record<string, string>>(() => Object.fromEntries(thresholds.map((name) => [name, String(row[name] ?? '')])));
  const [trouble, setTrouble] = useState<unknown>();
  async function submit(event: FormEvent) {
    event.preventDefault();
    try {
      const changed = Object.fromEntries(thresholds.filter((name) => draft[name] !== String(row[name] ?? '')).map((name) => [name, draft[name]]));
      await (queue ? patch('queues', queue, changed) : changeCentre(changed));
      await client.invalidateQueries({ queryKey: ['settings'] });
      say.done(t('app.saved'));
      onClose();
    } catch (refusal) {
      setTrouble(refusal);
    }
  }
  const kindOf = (name: Threshold) => (draft[name] === 'off' || (draft[name] === '' && !queue) ? 'off' : draft[name] === '' ? 'centre' : 'own');
  const first: Record<Threshold, string> = { alarm_longest_wait: '60s', alarm_waiting: '10', alarm_service_level: '80', alarm_service_level_30: '80', alarm_free_agents: '0', alarm_abandoned: '10', alarm_after: '10s' };
  const set = (name: Threshold, value: string) => setDraft({ ...draft, [name]: value });
  return (
    <Dialog open onClose={onClose} fullWidth maxWidth="sm" aria-labelledby="thresholds">
      <form onSubmit={submit}>
        <DialogTitle id="thresholds">
          {t('admin.alarms')}: {queue ? <bdi>{String(row.name || queue)}</bdi> : t('admin.alarmsWhole')}
        </DialogTitle>
        <DialogContent sx={{ display: 'grid', gap: 2 }}>
          {thresholds.map((name, index) => (
            <Stack key={name} direction="row" sx={{ gap: 1.5, mt: index === 0 ? 1 : 0 }}>
              <TextField select label={t(`admin.${name}`)} value={kindOf(name)} onChange={(event) => set(name, event.target.value === 'own' ? first[name] : event.target.value === 'off' ? (queue ? 'off' : '') : '')} sx={{ flex: 1 }}>
                {queue && <MenuItem value="centre">{t('admin.alarmAsCentre')}</MenuItem>}
                <MenuItem value="off">{t(name === 'alarm_after' ? 'admin.alarmUsual' : 'admin.alarmOff')}</MenuItem>
                <MenuItem value="own">{t('admin.alarmOwn')}</MenuItem>
              </TextField>
              {kindOf(name) === 'own' &&
                (durations.has(name) ? (
                  <DurationInput label={t('admin.alarmFrom')} value={draft[name]!} onChange={(value) => set(name, value)} width={200} />
                ) : (
                  <TextField label={t(shares.has(name) ? 'admin.alarmPercent' : 'admin.alarmCount')} value={draft[name]} onChange={(event) => set(name, latinDigits(event.target.value).replace(/\D/g, ''))} sx={{ width: 200 }} required slotProps={{ htmlInput: { dir: 'ltr', inputMode: 'numeric', maxLength: 4 } }} />
                ))}
            </Stack>
          ))}
          {trouble !== undefined && <Trouble error={trouble} />}
        </DialogContent>
        <DialogActions>
          <Button onClick={onClose}>{t('app.cancel')}</Button>
          <Button type="submit" variant="contained">
            {t('app.save')}
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}

const codes = ['longest-wait', 'waiting', 'service-level', 'service-level-30', 'free-agents', 'abandoned', 'disk-low', 'recording-stopped', 'recording-failed', 'trunk-down', 'media-worker-lost', 'journal-trouble', 'overload', 'mail-failed'] as const;

function AlarmMailPanel() {
  const t = useText();
  const say = useSay();
  const mayChange = useMay('change_settings');
  const { data, error, refetch } = useQuery({ queryKey: ['alarm-mail'], queryFn: alarmMail });
  const { data: server } = useQuery({ queryKey: ['mail-server'], queryFn: mailServer });
  const [changed, setChanged] = useState<Partial<NonNullable<typeof data>>>();
  const draft = data && { ...data, ...changed };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (draft) changeAlarmMail({ recipients: draft.recipients, language: draft.language, codes: draft.codes ?? [] }).then(() => (setChanged(undefined), say.done(t('app.saved')), refetch()), say.failed);
  };
  return (
    <Panel title={t('admin.alarmMail')}>
      {error && <Trouble error={error} retry={() => void refetch()} />}
      {server?.on === false && <Alert severity="info" sx={{ mb: 2 }}>{t('admin.mailOff')}</Alert>}
      {draft && (
        <Stack component="form" onSubmit={submit} sx={{ gap: 2, maxWidth: 640 }}>
          <Autocomplete multiple freeSolo options={[] as string[]} value={draft.recipients} disabled={!mayChange} onChange={(_, recipients) => setChanged({ ...changed, recipients: recipients.map((each) => each.trim()).filter(Boolean) })} renderInput={(params) => <TextField {...params} label={t('admin.recipients')} helperText={t('admin.recipientsSays')} />} />
          <TextField select label={t('app.language')} value={draft.language} disabled={!mayChange} onChange={(event) => setChanged({ ...changed, language: event.target.value as 'fa' | 'en' })} sx={{ maxWidth: 240 }}>
            {(['fa', 'en'] as const).map((each) => (
              <MenuItem key={each} value={each}>
                {t(`choice.${each}`)}
              </MenuItem>
            ))}
          </TextField>
          <Autocomplete multiple options={[...codes] as string[]} value={draft.codes ?? []} disabled={!mayChange} getOptionLabel={(code) => textOfCode(t, 'alarm', code)} onChange={(_, next) => setChanged({ ...changed, codes: next })} renderInput={(params) => <TextField {...params} label={t('admin.alarmCodes')} helperText={t('admin.alarmCodesSays')} />} />
          {mayChange && (
            <Button type="submit" variant="contained" disabled={changed === undefined} sx={{ alignSelf: 'flex-start' }}>
              {t('app.save')}
            </Button>
          )}
        </Stack>
      )}
    </Panel>
  );
}
