import { mdiContentSaveOutline, mdiDownloadOutline } from '@mdi/js';
import Box from '@mui/material/Box';
import Button from '@mui/material/Button';
import ButtonGroup from '@mui/material/ButtonGroup';
import Chip from '@mui/material/Chip';
import Dialog from '@mui/material/Dialog';
import DialogActions from '@mui/material/DialogActions';
import DialogContent from '@mui/material/DialogContent';
import DialogTitle from '@mui/material/DialogTitle';
import FormControlLabel from '@mui/material/FormControlLabel';
import MenuItem from '@mui/material/MenuItem';
import Paper from '@mui/material/Paper';
import Skeleton from '@mui/material/Skeleton';
import Stack from '@mui/material/Stack';
import Switch from '@mui/material/Switch';
import Tab from '@mui/material/Tab';
import Tabs from '@mui/material/Tabs';
import TextField from '@mui/material/TextField';
import { useQuery } from '@tanstack/react-query';
import { lazy, Suspense, useState } from 'react';
import { useFormat } from '../../app/format';
import { Icon } from '../../app/Icon';
import { DayField } from '../../app/parts/DateFields';
import { Empty, Figure, PageTitle, Panel, Trouble } from '../../app/parts/parts';
import { useSay } from '../../app/parts/Toasts';
import { type Calendar, usePreferences } from '../../app/preferences';
import { agentNames, queueNames } from '../../app/records';
import { type TextKey, useText } from '../../app/texts';
import { agents, type Evenness, type FileFormat, type Filter, intervals, queues, reportFile } from './api';
import { CallsBehind } from './CallsBehind';
import { agentColumns, queueColumns, written } from './figures';
import { FigureTable, type Line } from './FigureTable';
import { before, type Period, periodOf, type Preset, presets, query } from './period';
import { Schedules } from './Schedules';
import { useViews, type View } from './views';

const Chart = lazy(() => import('./Chart').then((module) => ({ default: module.Chart }))); // 200 KB of ECharts

const kinds = ['queues', 'agents', 'intervals', 'calls', 'mails'] as const;
type Kind = (typeof kinds)[number];

export function ReportsPage() {
  const t = useText();
  const format = useFormat();
  const { calendar } = usePreferences();
  const [kind, setKind] = useState<Kind>('queues');
  const [preset, setPreset] = useState<Preset>('today');
  const [chosen, setChosen] = useState<Period>(() => periodOf('week', calendar));
  const [compared, setCompared] = useState(false);
  const [behind, setBehind] = useState<{ metric: string; queue: string }>();
  const say = useSay();
  const { views, keep, forget } = useViews();
  const [naming, setNaming] = useState(false);
  const period = preset === 'chosen' ? chosen : periodOf(preset, calendar);
  const open = (view: View) => {
    setKind(view.kind as Kind);
    setPreset(view.preset);
    if (view.chosen) setChosen(view.chosen);
    setCompared(view.compared);
  };
  return (
    <>
      <PageTitle
        actions={
          <>
            <Button startIcon={<Icon path={mdiContentSaveOutline} />} onClick={() => setNaming(true)} disabled={kind === 'mails'}>
              {t('reports.keepView')}
            </Button>
            {kind !== 'mails' && <Files kind={kind} filter={query(period)} />}
          </>
        }
      >
        {t('nav.reports')}
      </PageTitle>
      {views.length > 0 && (
        <Stack direction="row" sx={{ gap: 1, mb: 1.5, flexWrap: 'wrap' }}>
          {views.map((view) => (
            <Chip key={view.name} label={<bdi>{view.name}</bdi>} onClick={() => open(view)} onDelete={() => void forget(view.name).catch(say.failed)} />
          ))}
        </Stack>
      )}
      <Paper variant="outlined" sx={{ p: 2, mb: 2, display: kind === 'mails' ? 'none' : undefined }}>
        <Stack direction="row" sx={{ gap: 1.5, flexWrap: 'wrap', alignItems: 'center' }}>
          <TextField select label={t('reports.period')} value={preset} onChange={(event) => setPreset(event.target.value as Preset)} sx={{ minWidth: 150 }}>
            {presets.map((each) => (
              <MenuItem key={each} value={each}>
                {t(`reports.preset.${each}`)}
              </MenuItem>
            ))}
          </TextField>
          {preset === 'chosen' ? (
            <>
              <DayField label={t('app.from')} value={chosen.from} onChange={(from) => from && setChosen({ from, to: from > chosen.to ? from : chosen.to })} />
              <DayField label={t('app.to')} value={chosen.to} onChange={(to) => to && setChosen({ to, from: to < chosen.from ? to : chosen.from })} />
            </>
          ) : (
            <Box component="span" sx={{ color: 'text.secondary' }}>
              {format.date(`${period.from}T12:00:00`)}
              {period.to !== period.from && ` – ${format.date(`${period.to}T12:00:00`)}`}
            </Box>
          )}
          {(kind === 'queues' || kind === 'agents') && <FormControlLabel control={<Switch checked={compared} onChange={(_, on) => setCompared(on)} />} label={t('reports.compare')} />}
        </Stack>
      </Paper>
      <Tabs value={kind} onChange={(_, next: Kind) => (setKind(next), setBehind(undefined))} sx={{ mb: 2 }} aria-label={t('nav.reports')} variant="scrollable">
        {kinds.map((each) => (
          <Tab key={each} value={each} label={t(`reports.${each}`)} />
        ))}
      </Tabs>
      {kind === 'queues' && <Queues period={period} compared={compared} onFigure={(queue, metric) => setBehind({ queue, metric })} />}
      {kind === 'agents' && <Agents period={period} compared={compared} />}
      {kind === 'intervals' && <Intervals period={period} calendar={calendar} />}
      {kind === 'mails' && <Schedules />}
      {kind === 'calls' && <CallsBehind filter={query(period)} />}
      {behind && kind === 'queues' && <CallsBehind filter={{ ...query(period), ...behind }} title={behind} onClose={() => setBehind(undefined)} />}
      {naming && kind !== 'mails' && <NameDialog first={`${t(`reports.${kind}`)} · ${t(`reports.preset.${preset}`)}`} onClose={() => setNaming(false)} onNamed={(name) => void keep({ name, kind, preset, compared, chosen: preset === 'chosen' ? chosen : undefined, query: {} }).then(() => say.done(t('app.saved')), say.failed)} />}
    </>
  );
}

// The same figures as a file, drawn by the server: Persian shaped in PDF, numbers as numbers in Excel.
function Files({ kind, filter }: { kind: Exclude<Kind, 'mails'>; filter: Filter }) {
  const t = useText();
  const { language } = usePreferences();
  return (
    <ButtonGroup variant="outlined" aria-label={t('reports.files')}>
      {(['xlsx', 'pdf', 'csv'] as FileFormat[]).map((format, index) => (
        <Button key={format} component="a" href={reportFile(kind, filter, format, language)} download startIcon={index === 0 ? <Icon path={mdiDownloadOutline} /> : undefined}>
          {format === 'xlsx' ? 'Excel' : format.toUpperCase()}
        </Button>
      ))}
    </ButtonGroup>
  );
}

function NameDialog({ first, onNamed, onClose }: { first: string; onNamed(name: string): void; onClose(): void }) {
  const t = useText();
  const [name, setName] = useState(first);
  return (
    <Dialog open onClose={onClose} fullWidth maxWidth="xs" aria-labelledby="view">
      <form onSubmit={(event) => (event.preventDefault(), onNamed(name.trim()), onClose())}>
        <DialogTitle id="view">{t('reports.keepView')}</DialogTitle>
        <DialogContent>
          <TextField label={t('field.name')} value={name} onChange={(event) => setName(event.target.value)} required fullWidth autoFocus helperText={t('reports.viewSays')} sx={{ mt: 1 }} slotProps={{ htmlInput: { dir: 'auto', maxLength: 45 } }} />
        </DialogContent>
        <DialogActions>
          <Button onClick={onClose}>{t('app.cancel')}</Button>
          <Button type="submit" variant="contained" disabled={name.trim() === ''}>
            {t('app.save')}
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}

function Queues({ period, compared, onFigure }: { period: Period; compared: boolean; onFigure(queue: string, metric: string): void }) {
  const t = useText();
  const now = useQuery({ queryKey: ['report', 'queues', period], queryFn: () => queues(query(period)) });
  const then = useQuery({ queryKey: ['report', 'queues', before(period)], queryFn: () => queues(query(before(period))), enabled: compared });
  const { data: names } = useQuery(queueNames);
  if (now.error) return <Trouble error={now.error} retry={() => void now.refetch()} />;
  const lines: Line[] = (now.data ?? []).map((row) => ({ name: row.queue, code: true, title: names?.find((each) => each.queue === row.queue)?.name, figures: row.figures, then: compared ? then.data?.find((each) => each.queue === row.queue)?.figures : undefined }));
  return <Shown title={t('reports.queues')} of="field.queue" columns={queueColumns} lines={lines} loading={now.isPending} onFigure={onFigure} />;
}

function Agents({ period, compared }: { period: Period; compared: boolean }) {
  const t = useText();
  const now = useQuery({ queryKey: ['report', 'agents', period], queryFn: () => agents(query(period)) });
  const then = useQuery({ queryKey: ['report', 'agents', before(period)], queryFn: () => agents(query(before(period))), enabled: compared });
  const { data: names } = useQuery(agentNames);
  if (now.error) return <Trouble error={now.error} retry={() => void now.refetch()} />;
  const lines: Line[] = (now.data?.agents ?? []).map((row) => ({ name: row.agent, code: true, title: names?.find((each) => each.agent === row.agent)?.name, figures: row.figures, then: compared ? then.data?.agents.find((each) => each.agent === row.agent)?.figures : undefined }));
  return (
    <Stack sx={{ gap: 2 }}>
      {now.data && <EvennessPanel evenness={now.data.evenness} />}
      <Shown title={t('reports.agents')} of="field.agent" columns={agentColumns} lines={lines} loading={now.isPending} />
    </Stack>
  );
}

function EvennessPanel({ evenness }: { evenness: Evenness }) {
  const t = useText();
  const format = useFormat();
  return (
    <Panel title={t('reports.evenness')}>
      <Stack direction="row" sx={{ gap: 3, flexWrap: 'wrap' }}>
        <Figure label={t('reports.jainCalls')} value={format.decimal(evenness.jain_calls_ppm / 1_000_000, 3)} hint={t('reports.jainSays')} />
        <Figure label={t('reports.mostLeast')} value={format.number(evenness.most_minus_least)} hint={`${format.number(evenness.most_calls)} − ${format.number(evenness.least_calls)}`} />
        <Figure label={t('reports.jainWork')} value={format.decimal(evenness.jain_work_ppm / 1_000_000, 3)} />
        <Figure label={t('reports.forced')} value={written('forced', evenness.forced, format)} hint={t('reports.forcedSays')} />
      </Stack>
    </Panel>
  );
}

function Intervals({ period, calendar }: { period: Period; calendar: Calendar }) {
  const t = useText();
  const days = Math.round((Date.parse(period.to) - Date.parse(period.from)) / 86_400_000) + 1;
  const [by, setBy] = useState<string>();
  const used = by ?? (days <= 2 ? 'hour' : 'day');
  const { data, error, refetch, isPending } = useQuery({ queryKey: ['report', 'intervals', period, used], queryFn: () => intervals({ ...query(period), by: used }) });
  if (error) return <Trouble error={error} retry={() => void refetch()} />;
  const short = (label: string) => (days === 1 && by !== 'day' ? label.replace(/^\S+ (?=\d)/, '') : label.replaceAll('-', '/')); // within one day the hour is enough
  const rows = (data ?? []).map((row) => ({ ...row, label: short(row.label) }));
  const lines: Line[] = rows.map((row) => ({ name: row.label, figures: row.figures }));
  return (
    <Stack sx={{ gap: 2 }}>
      <TextField select label={t('reports.by')} value={used} onChange={(event) => setBy(event.target.value)} sx={{ width: 180 }}>
        {['15min', 'hour', 'day', 'month'].map((each) => (
          <MenuItem key={each} value={each}>
            {t(`reports.by.${each}` as TextKey)}
          </MenuItem>
        ))}
      </TextField>
      {calendar === 'gregorian' && (used === 'day' || used === 'month') && <Box sx={{ color: 'text.secondary' }}>{t('reports.jalaliLabels')}</Box>}
      <Panel>
        <Suspense fallback={<Skeleton variant="rounded" height={300} />}>{data && (data.length === 0 ? <Empty>{t('reports.nothing')}</Empty> : <Chart rows={rows} />)}</Suspense>
      </Panel>
      <Shown title={t('reports.intervals')} of="reports.interval" columns={queueColumns} lines={lines} loading={isPending} />
    </Stack>
  );
}

function Shown({ title, of, columns, lines, loading, onFigure }: { title: string; of: TextKey; columns: string[]; lines: Line[]; loading: boolean; onFigure?(name: string, metric: string): void }) {
  const t = useText();
  const format = useFormat();
  const used = columns.filter((name) => lines.some((line) => name in line.figures));
  return (
    <Panel title={title}>
      {loading ? <Skeleton variant="rounded" height={160} /> : lines.length === 0 ? <Empty>{t('reports.nothing')}</Empty> : <FigureTable of={t(of)} columns={used} lines={lines} format={format} onFigure={onFigure} />}
    </Panel>
  );
}
