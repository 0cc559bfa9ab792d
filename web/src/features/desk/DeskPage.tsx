// One screen for one call: who calls, what to say, what was agreed; and the own state and day beside it.
import Box from '@mui/material/Box';
import Stack from '@mui/material/Stack';
import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useRef } from 'react';
import { useTopic } from '../../app/live/hooks';
import type { AgentRow, CallRow, Today } from '../../app/live/topics';
import { useMe } from '../../app/session';
import { CallCard } from './CallCard';
import { CallerPanel } from './CallerPanel';
import { GuidancePanel } from './GuidancePanel';
import { OwnDay } from './OwnDay';
import { ReportForm } from './ReportForm';
import { StateBar } from './StateBar';
import { useLastCall } from './lastCall';

export function DeskPage() {
  const me = useMe();
  const desk = useTopic('desk');
  const agent = desk.one<AgentRow>('agent');
  const call = ownCall(desk.table<CallRow>('calls'), me.agent);
  const last = useLastCall(call, agent?.state);
  useFreshDay(call?.call);
  if (!agent) return null;
  const shown = call ?? last; // in wrap-up the call that has just ended stays before one's eyes
  return (
    <Stack sx={{ gap: 2, maxWidth: 1480, mx: 'auto' }}>
      <StateBar agent={agent} />
      <Box sx={{ display: 'grid', gap: 2, gridTemplateColumns: { xs: 'minmax(0, 1fr)', lg: 'minmax(0, 1.7fr) minmax(340px, 1fr)' }, alignItems: 'start' }}>
        <Stack sx={{ gap: 2, minWidth: 0 }}>
          <CallCard agent={agent} call={call} ended={call ? undefined : last} />
          {shown && <CallerPanel key={shown.caller} number={shown.caller} />}
          {shown && <GuidancePanel queue={shown.queue} />}
        </Stack>
        <Stack sx={{ gap: 2, minWidth: 0 }}>
          {shown && shown.state !== 'offered' && <ReportForm key={shown.call} call={shown} due={agent.report_due === true} />}
          <OwnDay agent={agent} today={desk.one<Today>('today')} busy={call !== undefined} />
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
