import Button from '@mui/material/Button';
import Dialog from '@mui/material/Dialog';
import DialogActions from '@mui/material/DialogActions';
import DialogContent from '@mui/material/DialogContent';
import DialogTitle from '@mui/material/DialogTitle';
import List from '@mui/material/List';
import ListItem from '@mui/material/ListItem';
import ListItemText from '@mui/material/ListItemText';
import MenuItem from '@mui/material/MenuItem';
import Stack from '@mui/material/Stack';
import TextField from '@mui/material/TextField';
import Typography from '@mui/material/Typography';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { latinDigits, useFormat } from '../../app/format';
import { Code, Empty, Panel, Trouble } from '../../app/parts/parts';
import { useSay } from '../../app/parts/Toasts';
import { type TextKey, textOfCode, useText } from '../../app/texts';
import { holidayTemplates, list, put, remove } from './api';

const days = ['saturday', 'sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday'] as const;
interface Span {
  day: string;
  from: string;
  to: string;
}
interface Hours {
  code: string;
  week: Span[];
  holidays?: string;
}
interface Holiday {
  calendar: 'jalali' | 'gregorian';
  date: string;
  name_fa: string;
  name_en: string;
}
interface Holidays {
  code: string;
  days: Holiday[];
}

export function HoursPage() {
  const t = useText();
  const format = useFormat();
  const say = useSay();
  const client = useQueryClient();
  const hours = useQuery({ queryKey: ['settings', 'hours'], queryFn: () => list('hours') as unknown as Promise<Hours[]>, retry: false });
  const holidays = useQuery({ queryKey: ['settings', 'holidays'], queryFn: () => list('holidays') as unknown as Promise<Holidays[]>, retry: false });
  const [edited, setEdited] = useState<{ kind: 'hours'; value: Hours } | { kind: 'holidays'; value: Holidays }>();
  const saved = () => (say.done(t('app.saved')), void client.invalidateQueries({ queryKey: ['settings'] }));
  const drop = (noun: 'hours' | 'holidays', code: string) => remove(noun, code).then(() => client.invalidateQueries({ queryKey: ['settings'] }), say.failed);
  return (
    <Stack sx={{ gap: 2 }}>
      <Panel title={t('admin.hours')} actions={<Button variant="contained" onClick={() => setEdited({ kind: 'hours', value: { code: '', week: days.slice(0, 5).map((day) => ({ day, from: '08:00', to: '16:00' })) } })}>{t('app.add')}</Button>}>
        <Typography color="text.secondary">{t('admin.hoursSays')}</Typography>
        {hours.error && <Trouble error={hours.error} retry={() => void hours.refetch()} />}
        {hours.data?.length === 0 && <Empty>{t('admin.none')}</Empty>}
        <List dense>
          {hours.data?.map((each) => (
            <ListItem key={each.code} secondaryAction={<><Button size="small" onClick={() => setEdited({ kind: 'hours', value: each })}>{t('app.edit')}</Button><Button size="small" color="error" onClick={() => void drop('hours', each.code)}>{t('app.delete')}</Button></>}>
              <ListItemText primary={<Code>{each.code}</Code>} secondary={each.week.map((span) => `${t(`day.${span.day}` as TextKey)} ${format.digits(span.from)}–${format.digits(span.to)}`).join(' · ')} />
            </ListItem>
          ))}
        </List>
      </Panel>
      <Panel title={t('admin.holidays')} actions={<Button variant="contained" onClick={() => setEdited({ kind: 'holidays', value: { code: '', days: [] } })}>{t('app.add')}</Button>}>
        <Typography color="text.secondary">{t('admin.holidaysSays')}</Typography>
        {holidays.data?.length === 0 && <Empty>{t('admin.none')}</Empty>}
        <List dense>
          {holidays.data?.map((each) => (
            <ListItem key={each.code} secondaryAction={<><Button size="small" onClick={() => setEdited({ kind: 'holidays', value: each })}>{t('app.edit')}</Button><Button size="small" color="error" onClick={() => void drop('holidays', each.code)}>{t('app.delete')}</Button></>}>
              <ListItemText primary={<Code>{each.code}</Code>} secondary={t('admin.dayCount', { count: each.days.length })} />
            </ListItem>
          ))}
        </List>
      </Panel>
      {edited?.kind === 'hours' && <HoursDialog value={edited.value} lists={holidays.data?.map((each) => each.code) ?? []} onClose={() => setEdited(undefined)} onSaved={saved} />}
      {edited?.kind === 'holidays' && <HolidaysDialog value={edited.value} onClose={() => setEdited(undefined)} onSaved={saved} />}
    </Stack>
  );
}

function HoursDialog({ value, lists, onClose, onSaved }: { value: Hours; lists: string[]; onClose(): void; onSaved(): void }) {
  const t = useText();
  const [draft, setDraft] = useState(value);
  const [trouble, setTrouble] = useState<unknown>();
  const span = (index: number, part: Partial<Span>) => setDraft({ ...draft, week: draft.week.map((each, at) => (at === index ? { ...each, ...part } : each)) });
  function submit(event: FormEvent) {
    event.preventDefault();
    put('hours', draft.code.trim(), { week: draft.week, ...(draft.holidays ? { holidays: draft.holidays } : {}) }).then(() => (onSaved(), onClose()), setTrouble);
  }
  return (
    <Dialog open onClose={onClose} fullWidth maxWidth="sm" aria-labelledby="hours">
      <form onSubmit={submit}>
        <DialogTitle id="hours">{t('admin.hours')}</DialogTitle>
        <DialogContent sx={{ display: 'grid', gap: 1.5 }}>
          <TextField label={t('admin.code')} value={draft.code} disabled={value.code !== ''} onChange={(event) => setDraft({ ...draft, code: event.target.value })} required sx={{ mt: 1 }} slotProps={{ htmlInput: { dir: 'ltr' } }} />
          {draft.week.map((each, index) => (
            <Stack key={index} direction="row" sx={{ gap: 1 }}>
              <TextField select label={t('admin.day')} value={each.day} onChange={(event) => span(index, { day: event.target.value })} sx={{ flex: 1 }}>
                {days.map((day) => (
                  <MenuItem key={day} value={day}>
                    {t(`day.${day}`)}
                  </MenuItem>
                ))}
              </TextField>
              <TextField type="time" label={t('app.from')} value={each.from} onChange={(event) => span(index, { from: event.target.value })} />
              <TextField type="time" label={t('app.to')} value={each.to} onChange={(event) => span(index, { to: event.target.value })} />
              <Button color="error" onClick={() => setDraft({ ...draft, week: draft.week.filter((_, at) => at !== index) })}>
                {t('app.delete')}
              </Button>
            </Stack>
          ))}
          <Button onClick={() => setDraft({ ...draft, week: [...draft.week, { day: 'saturday', from: '08:00', to: '16:00' }] })}>{t('admin.addSpan')}</Button>
          <TextField select label={t('admin.holidays')} value={draft.holidays ?? ''} onChange={(event) => setDraft({ ...draft, holidays: event.target.value })}>
            <MenuItem value="">{t('app.none')}</MenuItem>
            {lists.map((each) => (
              <MenuItem key={each} value={each}>
                {each}
              </MenuItem>
            ))}
          </TextField>
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

function HolidaysDialog({ value, onClose, onSaved }: { value: Holidays; onClose(): void; onSaved(): void }) {
  const t = useText();
  const [draft, setDraft] = useState(value);
  const [trouble, setTrouble] = useState<unknown>();
  const { data: templates } = useQuery({ queryKey: ['holiday-templates'], queryFn: holidayTemplates, staleTime: Infinity, retry: false });
  const day = (index: number, part: Partial<Holiday>) => setDraft({ ...draft, days: draft.days.map((each, at) => (at === index ? { ...each, ...part } : each)) });
  function submit(event: FormEvent) {
    event.preventDefault();
    put('holidays', draft.code.trim(), { days: draft.days.map((each) => ({ ...each, date: latinDigits(each.date.trim()) })) }).then(() => (onSaved(), onClose()), setTrouble);
  }
  return (
    <Dialog open onClose={onClose} fullWidth maxWidth="md" aria-labelledby="holidays">
      <form onSubmit={submit}>
        <DialogTitle id="holidays">{t('admin.holidays')}</DialogTitle>
        <DialogContent sx={{ display: 'grid', gap: 1.5 }}>
          <TextField label={t('admin.code')} value={draft.code} disabled={value.code !== ''} onChange={(event) => setDraft({ ...draft, code: event.target.value })} required sx={{ mt: 1 }} slotProps={{ htmlInput: { dir: 'ltr' } }} />
          {draft.days.length === 0 &&
            templates?.map((each) => (
              <Button key={each.code} variant="outlined" onClick={() => setDraft({ code: draft.code || each.code, days: each.days as Holiday[] })}>
                {t('admin.beginWith')} {textOfCode(t, 'template', each.code)}
              </Button>
            ))}
          {draft.days.map((each, index) => (
            <Stack key={index} direction="row" sx={{ gap: 1, flexWrap: 'wrap' }}>
              <TextField select label={t('admin.calendar')} value={each.calendar} onChange={(event) => day(index, { calendar: event.target.value as Holiday['calendar'] })} sx={{ minWidth: 130 }}>
                <MenuItem value="jalali">{t('session.calendar.jalali')}</MenuItem>
                <MenuItem value="gregorian">{t('session.calendar.gregorian')}</MenuItem>
              </TextField>
              <TextField label={t('admin.date')} value={each.date} onChange={(event) => day(index, { date: event.target.value })} helperText={t('admin.dateHint')} slotProps={{ htmlInput: { dir: 'ltr' } }} />
              <TextField label={t('admin.nameFa')} value={each.name_fa} onChange={(event) => day(index, { name_fa: event.target.value })} slotProps={{ htmlInput: { dir: 'rtl' } }} />
              <TextField label={t('admin.nameEn')} value={each.name_en} onChange={(event) => day(index, { name_en: event.target.value })} slotProps={{ htmlInput: { dir: 'ltr' } }} />
              <Button color="error" onClick={() => setDraft({ ...draft, days: draft.days.filter((_, at) => at !== index) })}>
                {t('app.delete')}
              </Button>
            </Stack>
          ))}
          <Button onClick={() => setDraft({ ...draft, days: [...draft.days, { calendar: 'jalali', date: '', name_fa: '', name_en: '' }] })}>{t('admin.addDay')}</Button>
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
