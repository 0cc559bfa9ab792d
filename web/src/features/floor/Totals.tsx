import Paper from '@mui/material/Paper';
import Stack from '@mui/material/Stack';
import Tooltip from '@mui/material/Tooltip';
import { useFormat } from '../../app/format';
import type { AgentRow, QueueRow, Topic } from '../../app/live/topics';
import { Elapsed, Figure } from '../../app/parts/parts';
import { useText } from '../../app/texts';
import type { Limits } from './limits';

export interface Sums {
  waiting: number;
  longestSince?: string;
  states: Record<string, number>;
  service?: number; // permille of today
  offered: number;
  answered: number;
  abandoned: number;
  evenness?: number; // most owed minus least owed, in calls
}

export function sumsOf(topic: Topic): Sums {
  const states: Record<string, number> = {};
  let [most, least] = [-Infinity, Infinity];
  for (const agent of topic.table<AgentRow>('agents').values()) {
    states[agent.state] = (states[agent.state] ?? 0) + 1;
    if (agent.state === 'signed-out' || agent.balance === undefined) continue;
    most = Math.max(most, agent.balance);
    least = Math.min(least, agent.balance);
  }
  const sums: Sums = { waiting: 0, states, offered: 0, answered: 0, abandoned: 0, evenness: most >= least ? most - least : undefined };
  let [inTime, counted] = [0, 0];
  for (const queue of topic.table<QueueRow>('queues').values()) {
    sums.waiting += queue.waiting; // the server tells a hundred callers of a queue by name, and counts all
    if (queue.longest_since && !(sums.longestSince! <= queue.longest_since)) sums.longestSince = queue.longest_since;
    sums.offered += queue.offered_today ?? 0;
    sums.answered += queue.answered_today ?? 0;
    sums.abandoned += queue.abandoned_today ?? 0;
    if (queue.service_level_today == null || !queue.offered_today) continue;
    inTime += queue.service_level_today * queue.offered_today;
    counted += queue.offered_today;
  }
  if (counted > 0) sums.service = inTime / counted;
  return sums;
}

export function Totals({ topic, limits }: { topic: Topic; limits: Limits }) {
  const t = useText();
  const format = useFormat();
  const sums = sumsOf(topic);
  const count = (state: string) => format.number(sums.states[state] ?? 0);
  return (
    <Paper variant="outlined" sx={{ px: 2, py: 0.75 }}>
      <Stack direction="row" sx={{ columnGap: 2.5, rowGap: 1, flexWrap: 'wrap', justifyContent: 'space-between' }} data-testid="totals">
        <Figure dense label={t('state.waiting')} value={<span data-testid="waiting-count">{format.number(sums.waiting)}</span>} alarm={sums.waiting > limits.waiting} />
        <Figure dense label={t('floor.longest')} value={sums.longestSince ? <Elapsed since={sums.longestSince} limit={limits.wait * 1000} /> : '–'} />
        <Figure dense label={t('state.ready')} value={count('ready')} />
        <Figure dense label={t('state.talking')} value={count('talking')} />
        <Figure dense label={t('state.wrap-up')} value={count('wrap-up')} />
        <Figure dense label={t('state.paused')} value={count('paused')} />
        {sums.service !== undefined && <Figure dense label={t('floor.serviceToday')} value={format.percent(sums.service)} alarm={sums.service < limits.service * 10} />}
        {sums.offered > 0 && <Figure dense label={t('floor.answeredToday')} value={`${format.number(sums.answered)} / ${format.number(sums.offered)}`} />}
        {sums.offered > 0 && <Figure dense label={t('floor.abandonedToday')} value={format.number(sums.abandoned)} />}
        {sums.evenness !== undefined && (
          <Tooltip title={t('floor.evennessSays')}>
            <div>
              <Figure dense label={t('floor.evenness')} value={format.decimal(sums.evenness, 1)} />
            </div>
          </Tooltip>
        )}
      </Stack>
    </Paper>
  );
}
