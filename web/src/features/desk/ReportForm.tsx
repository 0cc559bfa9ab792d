import { mdiContentSaveOutline } from '@mdi/js';
import Alert from '@mui/material/Alert';
import Button from '@mui/material/Button';
import Chip from '@mui/material/Chip';
import Skeleton from '@mui/material/Skeleton';
import Stack from '@mui/material/Stack';
import TextField from '@mui/material/TextField';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, lazy, Suspense, useEffect, useRef, useState } from 'react';
import { isRefusal } from '../../app/api/client';
import { Icon } from '../../app/Icon';
import { useActions } from '../../app/keys';
import { useConnection } from '../../app/live/hooks';
import type { CallRow } from '../../app/live/topics';
import { Panel } from '../../app/parts/parts';
import { useSay } from '../../app/parts/Toasts';
import { contactOf, dispositions, useDispositionName } from '../../app/records';
import { useText } from '../../app/texts';
import { type CallReport, reportOf, saveReport } from './api';

const MomentField = lazy(() => import('../../app/parts/DateFields').then((module) => ({ default: module.MomentField }))); // 120 KB of calendar

const empty: CallReport = { disposition: '', note: '', next_step: '', follow_up_at: '' };

// The call report (B5) with its next step (B6). What is typed is kept in the browser until it is saved: a reload loses nothing.
export function ReportForm({ call, due }: { call: CallRow; due: boolean }) {
  const t = useText();
  const say = useSay();
  const client = useQueryClient();
  const connection = useConnection();
  const note = useRef<HTMLTextAreaElement>(null);
  const { data: stored, error } = useQuery({ ...reportOf(call.call), retry: false });
  const { data: contact } = useQuery(contactOf(call.caller));
  const { data: all } = useQuery(dispositions);
  const nameOf = useDispositionName();
  const [draft, setDraft] = useDraft(call.call);
  const report: CallReport = { ...empty, ...stored, ...draft };
  const choices = all?.filter((each) => each.active && (!each.queue || each.queue === call.queue)) ?? [];
  const wantsDate = choices.find((each) => each.code === report.disposition)?.follow_up === true;
  const complete = report.disposition !== '' && (!wantsDate || (report.follow_up_at ?? '') !== '');
  const change = (part: Partial<CallReport>) => setDraft({ ...draft, ...part });

  async function save(event?: FormEvent) {
    event?.preventDefault();
    if (!complete) return;
    try {
      await saveReport(call.call, { disposition: report.disposition, note: report.note, contact: contact?.id ?? undefined, next_step: report.next_step || undefined, follow_up_at: report.follow_up_at || undefined });
      setDraft(undefined);
      say.done(t('desk.reportSaved'));
      connection.refresh();
      for (const key of ['call-report', 'follow-ups', 'history']) void client.invalidateQueries({ queryKey: [key] });
    } catch (trouble) {
      say.failed(trouble);
    }
  }
  useActions([
    { key: 'Alt+KeyN', label: 'desk.toNote', allowed: true, run: () => note.current?.focus() },
    { key: 'Alt+KeyS', label: 'desk.saveReport', allowed: complete, run: () => void save() },
  ]);
  if (isRefusal(error, 'no-such-path')) return null; // a server without call reports
  return (
    <Panel title={t('desk.report')}>
      <Stack component="form" onSubmit={save} sx={{ gap: 2 }} data-testid="report">
        {due && <Alert severity="warning">{t('desk.reportDue')}</Alert>}
        <Stack direction="row" role="radiogroup" aria-label={t('desk.disposition')} sx={{ gap: 0.75, flexWrap: 'wrap' }}>
          {choices.map((each) => (
            <Chip key={each.code} role="radio" aria-checked={report.disposition === each.code} label={nameOf(each.code)} color={report.disposition === each.code ? 'primary' : 'default'} variant={report.disposition === each.code ? 'filled' : 'outlined'} onClick={() => change({ disposition: each.code })} />
          ))}
        </Stack>
        {choices.length === 0 && <TextField label={t('desk.disposition')} value={report.disposition} onChange={(event) => change({ disposition: event.target.value })} />}
        <TextField label={t('field.note')} value={report.note} onChange={(event) => change({ note: event.target.value })} multiline minRows={4} maxRows={12} inputRef={note} slotProps={{ htmlInput: { dir: 'auto', maxLength: 4000 } }} />
        <TextField label={t('desk.nextStep')} value={report.next_step ?? ''} onChange={(event) => change({ next_step: event.target.value })} slotProps={{ htmlInput: { dir: 'auto', maxLength: 400 } }} />
        {(report.next_step || wantsDate || report.follow_up_at) && (
          <Suspense fallback={<Skeleton variant="rounded" height={40} />}>
            <MomentField label={t('desk.followUpAt')} value={report.follow_up_at ?? ''} onChange={(follow_up_at) => change({ follow_up_at })} future />
          </Suspense>
        )}
        <Button type="submit" variant="contained" size="large" startIcon={<Icon path={mdiContentSaveOutline} />} disabled={!complete} aria-keyshortcuts="Alt+S">
          {t('desk.saveReport')}
        </Button>
      </Stack>
    </Panel>
  );
}

function useDraft(call: string): [Partial<CallReport> | undefined, (draft: Partial<CallReport> | undefined) => void] {
  const place = `pasokh.report.${call}`;
  const [draft, setDraft] = useState<Partial<CallReport> | undefined>(() => {
    try {
      return JSON.parse(sessionStorage.getItem(place) ?? 'null') ?? undefined;
    } catch {
      return undefined;
    }
  });
  useEffect(() => {
    if (draft) sessionStorage.setItem(place, JSON.stringify(draft));
    else sessionStorage.removeItem(place);
  }, [draft, place]);
  return [draft, setDraft];
}
