// One screen for one call: who calls, what to say, what was agreed; and the own state and day beside it.
import Box from '@mui/material/Box';
import Stack from '@mui/material/Stack';
import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';
import { useTopic } from '../../app/live/hooks';
import type { AgentRow, CallRow, Today } from '../../app/live/topics';
import { Empty } from '../../app/parts/parts';
import { useMe } from '../../app/session';
import { useText } from '../../app/texts';
import { CallCard } from './CallCard';
import { CallerPanel } from './CallerPanel';
import { GuidancePanel } from './GuidancePanel';
import { OwnDay, OwnLists } from './OwnDay';
import { ReportForm } from './ReportForm';
import { StateBar } from './StateBar';
import { asCall, useLastCall } from './lastCall';

export function DeskPage() {
  const me = useMe();
  const t = useText();
  const desk = useTopic('desk');
  const agent = desk.one<AgentRow>('agent');
  const call = ownCall(desk.table<CallRow>('calls'), me.agent);
  const last = useLastCall(call, agent);
  const [chosen, setChosen] = useState<CallRow>(); // an earlier call whose report is looked at
  useFreshDay(call?.call);
  if (me.agent === '') return <Empty>{t('desk.noSeat')}</Empty>;
  if (!agent) return null;
  const inWrapUp = agent.state === 'wrap-up';
  const shown = call ?? (inWrapUp ? last : undefined); // in wrap-up the call that has just ended stays before one's eyes
  const reported = call ?? (inWrapUp || agent.report_due ? last : (chosen ?? last)); // a report that is owed comes before any other
  return (
    <Stack sx={{ gap: 2, maxWidth: 1480, mx: 'auto' }}>
      <StateBar agent={agent} />
      <Box sx={{ display: 'grid', gap: 2, gridTemplateColumns: { xs: 'minmax(0, 1fr)', lg: 'minmax(0, 1.7fr) minmax(340px, 1fr)' }, alignItems: 'start' }}>
        <Stack sx={{ gap: 2, minWidth: 0 }}>
          <CallCard agent={agent} call={call} ended={shown} />
          {shown && <CallerPanel key={shown.caller} number={shown.caller} present={shown.call} />}
          {shown && <GuidancePanel queue={shown.queue} />}
        </Stack>
        <Stack sx={{ gap: 2, minWidth: 0 }}>
          {reported && reported.state !== 'offered' && <ReportForm key={reported.call} call={reported} due={agent.report_due === reported.call} />}
          <OwnDay agent={agent} today={desk.one<Today>('today')} />
          {!call && <OwnLists agent={agent.code} onChosen={(own) => setChosen(asCall(own))} />}
        </Stack>
      </Box>
    </Stack>
  );
}

// The customer's call comes first; a call that is only offered rings on the phone as well.
function ownCall(calls: Map<string, CallRow>, agent: string): CallRow | undefined {
  const all = [...calls.values()];
  return all.find((each) => each.agent === agent && each.state !== 'offered') ?? all[0];
}

// When a call begins or ends, the lists of the day are asked for again.
function useFreshDay(call: string | undefined) {
  const client = useQueryClient();
  const before = useRef(call);
  useEffect(() => {
    if (before.current === call) return;
    before.current = call;
    void client.invalidateQueries({ queryKey: ['own-calls'] });
    void client.invalidateQueries({ queryKey: ['follow-ups'] });
  }, [client, call]);
}
