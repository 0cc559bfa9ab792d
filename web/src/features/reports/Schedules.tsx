// Reports by e-mail: which, how often, to whom; the period is always the whole one before.
import { mdiEmailFastOutline, mdiPencilOutline, mdiTrashCanOutline } from '@mdi/js';
import Autocomplete from '@mui/material/Autocomplete';
import Button from '@mui/material/Button';
import Chip from '@mui/material/Chip';
import Dialog from '@mui/material/Dialog';
import DialogActions from '@mui/material/DialogActions';
import DialogContent from '@mui/material/DialogContent';
import DialogTitle from '@mui/material/DialogTitle';
import FormControlLabel from '@mui/material/FormControlLabel';
import IconButton from '@mui/material/IconButton';
import MenuItem from '@mui/material/MenuItem';
import Stack from '@mui/material/Stack';
import Switch from '@mui/material/Switch';
import TextField from '@mui/material/TextField';
import Tooltip from '@mui/material/Tooltip';
import Typography from '@mui/material/Typography';
import { useQuery } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { latinDigits, useFormat } from '../../app/format';
import { Icon } from '../../app/Icon';
import { Confirm } from '../../app/parts/Confirm';
import { Code, Empty, Panel, Trouble } from '../../app/parts/parts';
import { useSay } from '../../app/parts/Toasts';
import { usePreferences } from '../../app/preferences';
import { type TextKey, textOfCode, useText } from '../../app/texts';
import { addSchedule, changeSchedule, removeSchedule, type Schedule, schedules, sendNow } from './api';
import { useViews } from './views';

const days = ['saturday', 'sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday'] as const;
const reports = ['queues', 'agents', 'intervals', 'calls'] as const;

export function Schedules() {
  const t = useText();
  const format = useFormat();
  const say = useSay();
  const { language } = usePreferences();
  const { data, error, refetch } = useQuery({ queryKey: ['schedules'], queryFn: schedules, refetchInterval: 10_000 });
  const [edited, setEdited] = useState<Schedule>();
  const act = (what: Promise<unknown>, done?: string) => void what.then(() => (done && say.done(done), refetch()), say.failed);
  const fresh: Schedule = { id: '', name: '', report: 'queues', every: 'day', at: '07:30', recipients: [], format: 'pdf', language, active: true };
  const when = (each: Schedule) =>
    [t(`reports.every.${each.every}` as TextKey), each.every === 'week' && each.weekday && t(`day.${each.weekday}` as TextKey), each.every === 'month' && t('reports.dayOfMonth', { day: format.number(each.day ?? 1) }), format.digits(each.at)].filter(Boolean).join(' · ');
  return (
    <Panel title={t('reports.mails')} actions={<Button variant="contained" onClick={() => setEdited(fresh)}>{t('reports.mailNew')}</Button>}>
      <Typography color="text.secondary" sx={{ mb: 1 }}>
        {t('reports.mailsSays')}
      </Typography>
      {error && <Trouble error={error} retry={() => void refetch()} />}
      {data?.length === 0 && <Empty>{t('reports.mailsNone')}</Empty>}
      <Stack data-testid="schedules">
        {data?.map((each) => (
          <Stack key={each.id} direction="row" sx={{ gap: 2, alignItems: 'center', flexWrap: 'wrap', borderBlockStart: 1, borderColor: 'divider', py: 1.25, opacity: each.active ? 1 : 0.65 }}>
            <div style={{ flex: 1, minWidth: 230 }}>
              <Typography>
                <b>
                  <bdi>{each.name}</bdi>
                </b>{' '}
                {!each.active && <Chip size="small" label={t('reports.mailOff')} />}
              </Typography>
              <Typography variant="body2" color="text.secondary">
                {each.view ? <bdi>{each.view}</bdi> : t(`reports.${each.report}` as TextKey)} · {each.format.toUpperCase()} · {when(each)}
              </Typography>
              <Typography variant="body2" color="text.secondary" sx={{ overflowWrap: 'anywhere' }}>
                <Code>{each.recipients.join(', ')}</Code>
              </Typography>
            </div>
            <Typography variant="body2" sx={{ minWidth: 170 }}>
              {each.next_at && (
                <>
                  {t('reports.mailNext')} {format.moment(each.next_at)}
                  <br />
                </>
              )}
              {each.last && (
                <Typography component="span" variant="body2" color={each.last.error || each.last.state === 'failed' || each.last.state === 'given-up' ? 'error' : 'text.secondary'}>
                  {textOfCode(t, 'letterState', each.last.state)} {format.moment(each.last.at)} {each.last.error && <bdi>{each.last.error}</bdi>}
                </Typography>
              )}
            </Typography>
            <Stack direction="row">
              <Tooltip title={t('reports.mailNow')}>
                <IconButton aria-label={`${t('reports.mailNow')}: ${each.name}`} onClick={() => act(sendNow(each.id), t('reports.mailGoes'))}>
                  <Icon path={mdiEmailFastOutline} turns />
                </IconButton>
              </Tooltip>
              <IconButton aria-label={`${t('app.edit')}: ${each.name}`} onClick={() => setEdited(each)}>
                <Icon path={mdiPencilOutline} />
              </IconButton>
              <Confirm question={t('reports.mailDelete', { name: each.name })} onYes={() => act(removeSchedule(each.id))}>
                {(ask) => (
                  <IconButton aria-label={`${t('app.delete')}: ${each.name}`} onClick={ask}>
                    <Icon path={mdiTrashCanOutline} />
                  </IconButton>
                )}
              </Confirm>
            </Stack>
          </Stack>
        ))}
      </Stack>
      {edited && <ScheduleDialog value={edited} onClose={() => setEdited(undefined)} onSaved={() => (setEdited(undefined), say.done(t('app.saved')), void refetch())} />}
    </Panel>
  );
}

function ScheduleDialog({ value, onClose, onSaved }: { value: Schedule; onClose(): void; onSaved(): void }) {
  const t = useText();
  const format = useFormat();
  const { views } = useViews();
  const [draft, setDraft] = useState(value);
  const [typed, setTyped] = useState('');
  const [trouble, setTrouble] = useState<unknown>();
  const change = (part: Partial<Schedule>) => setDraft({ ...draft, ...part });
  const recipients = [...draft.recipients, ...typed.split(/[\s,\u060c;]+/)].filter(Boolean);
  const sendable = views.filter((each) => (reports as readonly string[]).includes(each.kind));
  function submit(event: FormEvent) {
    event.preventDefault();
    const body = { ...draft, name: draft.name.trim(), at: latinDigits(draft.at), recipients };
    if (body.every !== 'week') delete body.weekday;
    if (body.every !== 'month') delete body.day;
    const { id, ...added } = body;
    (id ? changeSchedule(body) : addSchedule(added)).then(onSaved, setTrouble);
  }
  const choice = <Name extends 'every' | 'format' | 'language'>(name: Name, label: string, options: [string, string][]) => (
    <TextField select label={label} value={draft[name]} onChange={(event) => change({ [name]: event.target.value })} sx={{ flex: 1, minWidth: 130 }}>
      {options.map(([code, text]) => (
        <MenuItem key={code} value={code}>
          {text}
        </MenuItem>
      ))}
    </TextField>
  );
  return (
    <Dialog open onClose={onClose} fullWidth maxWidth="sm" aria-labelledby="schedule">
      <form onSubmit={submit}>
        <DialogTitle id="schedule">{t('reports.mails')}</DialogTitle>
        <DialogContent sx={{ display: 'grid', gap: 2 }}>
          <TextField label={t('field.name')} value={draft.name} onChange={(event) => change({ name: event.target.value })} required autoFocus sx={{ mt: 1 }} slotProps={{ htmlInput: { dir: 'auto', maxLength: 100 } }} />
          <TextField select label={t('reports.mailWhat')} value={draft.view ? `view:${draft.view}` : draft.report} onChange={({ target }) => (target.value.startsWith('view:') ? change({ view: target.value.slice(5), report: sendable.find((each) => each.name === target.value.slice(5))?.kind ?? 'queues' }) : change({ report: target.value, view: undefined }))}>
            {reports.map((each) => (
              <MenuItem key={each} value={each}>
                {t(`reports.${each}`)}
              </MenuItem>
            ))}
            {sendable.map((each) => (
              <MenuItem key={each.name} value={`view:${each.name}`}>
                {t('reports.view')}: <bdi>&nbsp;{each.name}</bdi>
              </MenuItem>
            ))}
          </TextField>
          <Stack direction="row" sx={{ gap: 2, flexWrap: 'wrap' }}>
            {choice('every', t('reports.mailEvery'), (['day', 'week', 'month'] as const).map((each) => [each, t(`reports.every.${each}`)]))}
            {draft.every === 'week' && (
              <TextField select label={t('reports.weekday')} value={draft.weekday ?? 'saturday'} onChange={(event) => change({ weekday: event.target.value })} sx={{ flex: 1, minWidth: 130 }}>
                {days.map((each) => (
                  <MenuItem key={each} value={each}>
                    {t(`day.${each}`)}
                  </MenuItem>
                ))}
              </TextField>
            )}
            {draft.every === 'month' && (
              <TextField select label={t('reports.monthDay')} value={draft.day ?? 1} onChange={(event) => change({ day: Number(event.target.value) })} sx={{ flex: 1, minWidth: 130 }}>
                {Array.from({ length: 31 }, (_, index) => (
                  <MenuItem key={index + 1} value={index + 1}>
                    {format.number(index + 1)}
                  </MenuItem>
                ))}
              </TextField>
            )}
            <TextField type="time" label={t('reports.mailAt')} value={draft.at} onChange={(event) => change({ at: event.target.value })} required sx={{ flex: 1, minWidth: 130 }} />
          </Stack>
          <Autocomplete multiple freeSolo options={[] as string[]} value={draft.recipients} inputValue={typed} onInputChange={(_, next) => setTyped(next)} onChange={(_, next) => change({ recipients: next })} renderInput={(params) => <TextField {...params} label={t('reports.mailTo')} helperText={t('reports.mailToSays')} />} />
          <Stack direction="row" sx={{ gap: 2, flexWrap: 'wrap' }}>
            {choice('format', t('reports.mailFormat'), [['pdf', 'PDF'], ['xlsx', 'Excel'], ['csv', 'CSV']])}
            {choice('language', t('app.language'), [['fa', t('choice.fa')], ['en', t('choice.en')]])}
          </Stack>
          <FormControlLabel control={<Switch checked={draft.active} onChange={(_, active) => change({ active })} />} label={t('reports.mailActive')} />
          {trouble !== undefined && <Trouble error={trouble} />}
        </DialogContent>
        <DialogActions>
          <Button onClick={onClose}>{t('app.cancel')}</Button>
          <Button type="submit" variant="contained" disabled={draft.name.trim() === '' || recipients.length === 0}>
            {t('app.save')}
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}
