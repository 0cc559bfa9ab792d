import { useQuery } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import type { AgentRow, CallRow } from '../../app/live/topics';
import { type OwnCall, ownCalls } from './api';

// The call that has just ended, until the next one comes: its report can be finished after the wrap-up too. After a reload in
// wrap-up it is the newest of the own calls. A call whose report is owed stays before everything else.
export function useLastCall(call: CallRow | undefined, agent: AgentRow | undefined): CallRow | undefined {
  const due = agent?.report_due;
  const [last, setLast] = useState<CallRow>();
  const { data } = useQuery({ ...ownCalls, enabled: agent?.state === 'wrap-up' || due !== undefined });
  useEffect(() => {
    if (call && call.state !== 'offered') setLast(call);
  }, [call]);
  const owed = due === undefined || due === last?.call ? undefined : data?.find((each) => each.call === due);
  if (owed) return asCall(owed);
  if (last) return last;
  return agent?.state === 'wrap-up' && data?.[0] ? asCall(data[0]) : undefined;
}

export function asCall(own: OwnCall): CallRow {
  return { call: own.call, caller: own.caller, number: '', queue: own.queue, agent: '', state: 'ended', direction: own.direction, arrived: own.arrived, since: own.arrived, answered: true, recording: false };
}
