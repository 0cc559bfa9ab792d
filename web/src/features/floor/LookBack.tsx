// The floor at any moment of any day, as the journal has it: choose a moment, then draw the slider over that day.
import LinearProgress from '@mui/material/LinearProgress';
import Paper from '@mui/material/Paper';
import Slider from '@mui/material/Slider';
import Stack from '@mui/material/Stack';
import Typography from '@mui/material/Typography';
import { useQuery } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { useFormat } from '../../app/format';
import { MomentField } from '../../app/parts/DateFields';
import { Trouble } from '../../app/parts/parts';
import { useText } from '../../app/texts';
import { type FloorData, floorAt } from './api';

const day = 86_400_000;

export function LookBack({ onShown }: { onShown(at: string, data: FloorData): void }) {
  const t = useText();
  const format = useFormat();
  const [at, setAt] = useState(() => new Date(Date.now() - 60_000).toISOString());
  const [asked, setAsked] = useState(at);
  useEffect(() => {
    const timer = setTimeout(() => setAsked(at), 150);
    return () => clearTimeout(timer);
  }, [at]);
  const { data, error, isFetching, refetch } = useQuery({ queryKey: ['floor-at', asked], queryFn: () => floorAt(asked), placeholderData: (before) => before, retry: false });
  useEffect(() => {
    if (data) onShown(asked, data);
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [data, asked]);
  const midnight = new Date(at);
  midnight.setHours(0, 0, 0, 0);
  const last = Math.min(day - 1000, Date.now() - midnight.getTime());
  return (
    <Paper variant="outlined" sx={{ p: 2, mb: 2 }} data-testid="look-back">
      <Stack direction="row" sx={{ gap: 3, alignItems: 'center', flexWrap: 'wrap' }}>
        <MomentField label={t('floor.moment')} value={at} onChange={(moment) => moment && setAt(moment)} />
        <Typography sx={{ fontSize: '1.2rem', fontWeight: 700, minWidth: 190 }}>{format.moment(at)}</Typography>
        <Slider aria-label={t('floor.moment')} min={0} max={Math.max(last, 1000)} step={1000} value={Math.min(last, Date.parse(at) - midnight.getTime())} onChange={(_, value) => setAt(new Date(midnight.getTime() + (value as number)).toISOString())} getAriaValueText={(value) => format.time(midnight.getTime() + value)} sx={{ flex: 1, minWidth: 200 }} />
      </Stack>
      <LinearProgress sx={{ visibility: isFetching ? 'visible' : 'hidden', mt: 1 }} aria-label={t('app.loading')} />
      {error && <Trouble error={error} retry={() => void refetch()} />}
    </Paper>
  );
}
