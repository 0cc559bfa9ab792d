// The supervisor's floor: what waits, who works, what needs a hand; now, or at any moment of the past.
import { mdiBellOutline, mdiFormatColorHighlight, mdiHistory, mdiPresentation } from '@mdi/js';
import Badge from '@mui/material/Badge';
import Box from '@mui/material/Box';
import Button from '@mui/material/Button';
import Stack from '@mui/material/Stack';
import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import { lazy, Suspense, useState } from 'react';
import { Icon } from '../../app/Icon';
import { useActions } from '../../app/keys';
import { useStanding, useTopic } from '../../app/live/hooks';
import { Topic } from '../../app/live/topics';
import { AsOf, PageTitle } from '../../app/parts/parts';
import { useText } from '../../app/texts';
import { Agents } from './Agents';
import { BigScreen } from './BigScreen';
import { LimitsDialog } from './LimitsDialog';
import { useLimits } from './limits';
import { Queues } from './Queues';
import { Totals } from './Totals';
import { Waiting } from './Waiting';

const LookBack = lazy(() => import('./LookBack').then((module) => ({ default: module.LookBack })));

export function FloorPage() {
  const t = useText();
  const navigate = useNavigate();
  const big = (useSearch({ strict: false }) as { big?: boolean }).big === true;
  const live = useTopic('floor');
  const standing = useStanding().length;
  const [past, setPast] = useState<{ at: string; topic: Topic }>();
  const [lookingBack, setLookingBack] = useState(false);
  const [limits, setLimits] = useLimits();
  const [setting, setSetting] = useState(false);
  const [queue, setQueue] = useState<string>();
  const show = (on: boolean) => void navigate({ to: '/floor', search: (on ? { big: true } : {}) as never });
  useActions([
    { key: 'KeyB', label: 'floor.big', allowed: true, run: () => show(!big) },
    { key: 'KeyH', label: 'floor.lookBack', allowed: !big, run: () => setLookingBack(!lookingBack) },
  ]);
  const topic = past?.topic ?? live;
  if (big) return <BigScreen topic={live} limits={limits} onClose={() => show(false)} />;
  return (
    <AsOf.Provider value={past ? Date.parse(past.at) : undefined}>
      <Stack sx={{ gap: 1.25, height: { lg: '100%' }, minHeight: { lg: 560 } }}>
        <PageTitle
          dense
          actions={
            <>
              <Button startIcon={<Icon path={mdiHistory} turns />} variant={lookingBack ? 'contained' : 'outlined'} aria-pressed={lookingBack} onClick={() => (setLookingBack(!lookingBack), setPast(undefined))}>
                {t(lookingBack ? 'floor.backToNow' : 'floor.lookBack')}
              </Button>
              <Badge badgeContent={standing} color="error">
                <Button startIcon={<Icon path={mdiBellOutline} />} variant="outlined" component={Link} to="/alarms">
                  {t('floor.alarms')}
                </Button>
              </Badge>
              <Button startIcon={<Icon path={mdiFormatColorHighlight} />} variant="outlined" onClick={() => setSetting(true)}>
                {t('floor.limits')}
              </Button>
              <Button startIcon={<Icon path={mdiPresentation} />} variant="outlined" onClick={() => show(true)} aria-keyshortcuts="B">
                {t('floor.big')}
              </Button>
            </>
          }
        >
          {t('nav.floor')}
        </PageTitle>
        <Suspense fallback={null}>{lookingBack && <LookBack onShown={(at, data) => setPast({ at, topic: topicOf(data) })} />}</Suspense>
        <Totals topic={topic} limits={limits} />
        <Box sx={{ display: 'grid', gap: 1.25, gridTemplateColumns: { xs: 'minmax(0, 1fr)', lg: 'minmax(0, 1.7fr) minmax(0, 1fr)' } }}>
          <Queues topic={topic} limits={limits} chosen={queue} onChosen={setQueue} />
          <Waiting topic={topic} limits={limits} queue={queue} past={past !== undefined} />
        </Box>
        <Agents topic={topic} limits={limits} queue={queue} onQueue={setQueue} past={past !== undefined} />
      </Stack>
      {setting && <LimitsDialog limits={limits} onSave={setLimits} onClose={() => setSetting(false)} />}
    </AsOf.Provider>
  );
}

function topicOf(data: Record<string, unknown>): Topic {
  const topic = new Topic();
  topic.snapshot({ version: 0, data });
  return topic;
}
