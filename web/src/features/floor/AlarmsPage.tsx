// What was out of its bounds and for how long, which figure, how bad at its worst, and who has seen it.
import Button from '@mui/material/Button';
import Paper from '@mui/material/Paper';
import Table from '@mui/material/Table';
import TableBody from '@mui/material/TableBody';
import TableCell from '@mui/material/TableCell';
import TableContainer from '@mui/material/TableContainer';
import TableHead from '@mui/material/TableHead';
import TableRow from '@mui/material/TableRow';
import ToggleButton from '@mui/material/ToggleButton';
import ToggleButtonGroup from '@mui/material/ToggleButtonGroup';
import Typography from '@mui/material/Typography';
import { useInfiniteQuery, useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useEffect, useState } from 'react';
import { alarmFigure, type AlarmRow, alarms, alarmText, seen } from '../../app/alarms';
import { useFormat } from '../../app/format';
import { useStanding } from '../../app/live/hooks';
import { Code, Elapsed, Empty, PageTitle, Trouble } from '../../app/parts/parts';
import { useNames } from '../../app/parts/Names';
import { useSay } from '../../app/parts/Toasts';
import { usePreferences } from '../../app/preferences';
import { useMay } from '../../app/session';
import { useText } from '../../app/texts';

const page = 100;

export function AlarmsPage() {
  const t = useText();
  const client = useQueryClient();
  const mayChange = useMay('change_settings');
  const [standing, setStanding] = useState(false);
  const live = useStanding();
  const { data, error, refetch, hasNextPage, fetchNextPage, isPending } = useInfiniteQuery({
    queryKey: ['alarms', standing],
    queryFn: ({ pageParam }) => alarms({ open: standing || undefined }, pageParam),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last) => (last.length === page ? last.at(-1)!.id : undefined),
    refetchInterval: 5_000,                      // the live line tells only those who follow the floor
  });
  useEffect(() => void client.invalidateQueries({ queryKey: ['alarms'] }), [client, live]);
  const rows = data?.pages.flat() ?? [];
  return (
    <>
      <PageTitle
        actions={
          <>
            <ToggleButtonGroup exclusive size="small" value={standing} onChange={(_, next: boolean | null) => next !== null && setStanding(next)} aria-label={t('floor.alarmsShown')}>
              <ToggleButton value={false}>{t('floor.alarmsAll')}</ToggleButton>
              <ToggleButton value={true}>{t('floor.alarmsStanding')}</ToggleButton>
            </ToggleButtonGroup>
            {mayChange && (
              <Button variant="outlined" component={Link} to="/administration/alarms">
                {t('floor.thresholds')}
              </Button>
            )}
          </>
        }
      >
        {t('floor.alarms')}
      </PageTitle>
      {error && <Trouble error={error} retry={() => void refetch()} />}
      {!isPending && !error && rows.length === 0 && <Empty>{t(standing ? 'floor.alarmsNoneNow' : 'floor.alarmsNone')}</Empty>}
      {rows.length > 0 && (
        <TableContainer component={Paper} variant="outlined">
          <Table size="small" data-testid="alarms">
            <TableHead>
              <TableRow>
                <TableCell>{t('field.since')}</TableCell>
                <TableCell>{t('floor.alarmLasts')}</TableCell>
                <TableCell>{t('floor.alarm')}</TableCell>
                <TableCell align="right">{t('floor.alarmLimit')}</TableCell>
                <TableCell align="right">{t('floor.alarmWorst')}</TableCell>
                <TableCell>{t('floor.alarmSeen')}</TableCell>
              </TableRow>
            </TableHead>
            <TableBody>
              {rows.map((each) => (
                <Line key={each.id} alarm={each} />
              ))}
            </TableBody>
          </Table>
        </TableContainer>
      )}
      {hasNextPage && (
        <Button onClick={() => void fetchNextPage()} sx={{ my: 2 }}>
          {t('app.more')}
        </Button>
      )}
    </>
  );
}

function Line({ alarm }: { alarm: AlarmRow }) {
  const t = useText();
  const format = useFormat();
  const say = useSay();
  const client = useQueryClient();
  const { language } = usePreferences();
  const names = useNames();
  const mayDirect = useMay('direct_floor');
  const see = () => seen(alarm.id).then(() => client.invalidateQueries({ queryKey: ['alarms'] }), say.failed);
  return (
    <TableRow hover data-code={alarm.code} data-standing={!alarm.until}>
      <TableCell sx={{ whiteSpace: 'nowrap' }}>{format.moment(alarm.since)}</TableCell>
      <TableCell className="figures">
        {alarm.until ? (
          format.duration(Date.parse(alarm.until) - Date.parse(alarm.since))
        ) : (
          <Typography component="span" color="error.main" sx={{ fontWeight: 700 }}>
            <Elapsed since={alarm.since} />
          </Typography>
        )}
      </TableCell>
      <TableCell sx={{ minWidth: 220 }}>
        <bdi className="told">{alarmText(alarm, language, names.queue)}</bdi>
      </TableCell>
      <TableCell align="right">{alarmFigure(alarm.code, alarm.threshold, format)}</TableCell>
      <TableCell align="right">{alarmFigure(alarm.code, alarm.worst ?? alarm.value, format)}</TableCell>
      <TableCell>
        {alarm.seen_by ? (
          <>
            <Code>{alarm.seen_by}</Code> {alarm.seen_at && format.time(alarm.seen_at)}
          </>
        ) : mayDirect && !alarm.until ? (
          <Button size="small" variant="outlined" onClick={() => void see()}>
            {t('app.seen')}
          </Button>
        ) : (
          '–'
        )}
      </TableCell>
    </TableRow>
  );
}
