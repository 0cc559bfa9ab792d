import Button from '@mui/material/Button';
import Stack from '@mui/material/Stack';
import Table from '@mui/material/Table';
import TableBody from '@mui/material/TableBody';
import TableCell from '@mui/material/TableCell';
import TableRow from '@mui/material/TableRow';
import Typography from '@mui/material/Typography';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useFormat } from '../../app/format';
import type { AgentRow, Today } from '../../app/live/topics';
import { Empty, Figure, Panel, PhoneNumber } from '../../app/parts/parts';
import { useSay } from '../../app/parts/Toasts';
import { textOfCode, useText } from '../../app/texts';
import { followUpDone, followUps, type OwnCall, ownCalls } from './api';

export function OwnDay({ agent, today }: { agent: AgentRow; today?: Today }) {
  const t = useText();
  const format = useFormat();
  const balance = agent.balance ?? 0;
  const times = (['talk_ms', 'hold_ms', 'wrap_up_ms', 'ready_ms', 'paused_ms'] as const).filter((name) => today?.[name] !== undefined);
  return (
    <Panel title={t('desk.day')}>
      <Stack direction="row" sx={{ columnGap: 2.5, rowGap: 1, flexWrap: 'wrap' }}>
        {(today?.calls ?? agent.calls_today) !== undefined && <Figure label={t('desk.calls')} value={format.number(today?.calls ?? agent.calls_today ?? 0)} />}
        {times.map((name) => (
          <Figure key={name} label={t(`desk.${name}`)} value={format.duration(today?.[name] ?? 0)} />
        ))}
        <Figure label={t('desk.evenness')} value={<bdi dir="ltr">{format.decimal(balance, 1)}</bdi>} hint={t(balance >= 0.05 ? 'desk.owed' : balance <= -0.05 ? 'desk.ahead' : 'desk.even')} />
      </Stack>
    </Panel>
  );
}

// What is still to be done, and what was: between calls.
export function OwnLists({ agent, onChosen }: { agent: string; onChosen(call: OwnCall): void }) {
  return (
    <>
      <FollowUps agent={agent} />
      <OwnCalls onChosen={onChosen} />
    </>
  );
}

function FollowUps({ agent }: { agent: string }) {
  const t = useText();
  const format = useFormat();
  const say = useSay();
  const client = useQueryClient();
  const { data } = useQuery(followUps(agent));
  if (!data || data.length === 0) return null;
  const done = (call: string) => followUpDone(call).then(() => client.invalidateQueries({ queryKey: ['follow-ups'] })).catch(say.failed);
  return (
    <Panel title={t('desk.followUps')}>
      <Stack sx={{ gap: 1.25 }}>
        {data.map((each) => {
          const late = each.follow_up_at != null && Date.parse(each.follow_up_at) < Date.now();
          return (
            <Stack key={each.call} direction="row" sx={{ gap: 1, alignItems: 'center', flexWrap: 'wrap' }}>
              <Typography sx={{ flex: 1, minWidth: 160 }} dir="auto">
                {each.next_step}
                <Typography component="span" variant="body2" color={late ? 'error.main' : 'text.secondary'} sx={{ display: 'block' }}>
                  {late && `${t('desk.late')} · `}
                  {each.follow_up_at && format.moment(each.follow_up_at)}
                </Typography>
              </Typography>
              <Button size="small" variant="outlined" onClick={() => void done(each.call)}>
                {t('app.done')}
              </Button>
            </Stack>
          );
        })}
      </Stack>
    </Panel>
  );
}

function OwnCalls({ onChosen }: { onChosen(call: OwnCall): void }) {
  const t = useText();
  const format = useFormat();
  const { data } = useQuery(ownCalls);
  return (
    <Panel title={t('desk.ownCalls')}>
      {data?.length === 0 && <Empty>{t('desk.noneYet')}</Empty>}
      <Table size="small" aria-label={t('desk.ownCalls')}>
        <TableBody>
          {data?.map((each) => (
            <TableRow key={each.call}>
              <TableCell className="figures">{format.time(each.arrived)}</TableCell>
              <TableCell>
                <PhoneNumber number={each.caller} />
              </TableCell>
              <TableCell>{textOfCode(t, 'outcome', each.outcome)}</TableCell>
              <TableCell align="right" className="figures">
                {format.duration(each.talk_ms)}
              </TableCell>
              <TableCell align="right">
                <Button size="small" onClick={() => onChosen(each)} aria-label={`${t('desk.report')} ${each.call}`}>
                  {t('desk.report')}
                </Button>
              </TableCell>
            </TableRow>
          ))}
        </TableBody>
      </Table>
    </Panel>
  );
}
