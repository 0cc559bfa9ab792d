import Box from '@mui/material/Box';
import Button from '@mui/material/Button';
import Typography from '@mui/material/Typography';
import { useEffect } from 'react';
import { useFormat } from '../../app/format';
import { useConnection } from '../../app/live/hooks';
import type { QueueRow, Topic } from '../../app/live/topics';
import { Elapsed, Named, useNow } from '../../app/parts/parts';
import { useText } from '../../app/texts';
import type { Limits } from './limits';
import { sumsOf } from './Totals';

// For a screen on the wall: readable across a room, nothing to press, the worst queues first.
export function BigScreen({ topic, limits, onClose }: { topic: Topic; limits: Limits; onClose(): void }) {
  const t = useText();
  const format = useFormat();
  const connection = useConnection();
  useEffect(() => connection.keepAwake(), [connection]);
  const sums = sumsOf(topic);
  const queues = [...topic.table<QueueRow>('queues').values()].sort((a, b) => b.waiting - a.waiting || a.code.localeCompare(b.code)).slice(0, 12);
  return (
    <Box data-scheme="dark" sx={{ minHeight: '100dvh', bgcolor: '#0b1116', color: '#f3f7fa', p: { xs: 2, md: 4 }, display: 'flex', flexDirection: 'column', gap: 3 }}>
      <Box sx={{ display: 'flex', justifyContent: 'space-between', alignItems: 'center' }}>
        <Typography component="h1" sx={{ fontSize: 'clamp(1.5rem, 2.6vw, 3rem)', fontWeight: 700 }}>
          {t('nav.floor')}
        </Typography>
        <Box sx={{ display: 'flex', gap: 3, alignItems: 'center', fontSize: 'clamp(1.2rem, 2vw, 2.4rem)' }}>
          <Clock />
          <Button onClick={onClose} sx={{ color: 'inherit', opacity: 0.85 }}>
            {t('app.close')}
          </Button>
        </Box>
      </Box>
      <Box sx={{ display: 'grid', gap: 2, gridTemplateColumns: 'repeat(auto-fit, minmax(170px, 1fr))' }}>
        <Huge label={t('state.waiting')} value={format.number(sums.waiting)} alarm={sums.waiting > limits.waiting} />
        <Huge label={t('floor.longest')} value={sums.longestSince ? <Elapsed since={sums.longestSince} /> : '–'} />
        <Huge label={t('state.ready')} value={format.number(sums.states.ready ?? 0)} />
        <Huge label={t('state.talking')} value={format.number(sums.states.talking ?? 0)} />
        <Huge label={t('state.paused')} value={format.number(sums.states.paused ?? 0)} />
        {sums.service !== undefined && <Huge label={t('floor.serviceToday')} value={format.percent(sums.service)} alarm={sums.service < limits.service * 10} />}
      </Box>
      <Box sx={{ display: 'grid', gap: 2, gridTemplateColumns: 'repeat(auto-fit, minmax(min(360px, 100%), 1fr))' }}>
        {queues.map((queue) => (
          <Box key={queue.code} sx={{ bgcolor: '#16212b', borderRadius: 2, p: 2.5, paddingInlineStart: 4, position: 'relative', overflow: 'hidden', '&::before': { content: '""', position: 'absolute', insetBlock: 0, insetInlineStart: 0, inlineSize: 10, bgcolor: queue.waiting > limits.waiting ? '#fb7185' : queue.waiting > 0 ? '#fbbf24' : '#4ade80' } }}>
            <Typography sx={{ fontSize: '1.6rem', fontWeight: 700 }} noWrap component="h2">
              <Named code={queue.code} name={queue.name} />
            </Typography>
            <Box sx={{ display: 'flex', justifyContent: 'space-between', alignItems: 'baseline', gap: 2 }}>
              <Typography sx={{ fontSize: 'clamp(2.6rem, 5vw, 5rem)', fontWeight: 700, lineHeight: 1.15 }}>{format.number(queue.waiting)}</Typography>
              <Box sx={{ textAlign: 'end', fontSize: 'clamp(1.05rem, 1.5vw, 1.7rem)', color: '#c4d0da' }}>
                <div>
                  {t('floor.longest')}: {queue.longest_since ? <Elapsed since={queue.longest_since} limit={limits.wait * 1000} /> : '–'}
                </div>
                <div>
                  {t('state.ready')}: {format.number(queue.ready ?? 0)} / {format.number(queue.on_duty ?? 0)}
                </div>
                {queue.service_level_today != null && (
                  <div>
                    {t('floor.service')}: {format.percent(queue.service_level_today)}
                  </div>
                )}
              </Box>
            </Box>
          </Box>
        ))}
      </Box>
    </Box>
  );
}

function Huge({ label, value, alarm }: { label: string; value: React.ReactNode; alarm?: boolean }) {
  return (
    <Box>
      <Typography sx={{ fontSize: '1.15rem', color: '#c4d0da' }}>{label}</Typography>
      <Typography className="figures" sx={{ fontSize: 'clamp(2.6rem, 5.5vw, 6rem)', fontWeight: 700, lineHeight: 1.1, color: alarm ? '#fb7185' : undefined }}>
        {value}
      </Typography>
    </Box>
  );
}

function Clock() {
  const format = useFormat();
  return <span>{format.time(useNow())}</span>;
}
