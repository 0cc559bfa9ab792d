import { useQuery } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import type { CallRow } from '../../app/live/topics';
import { ownCalls } from './api';

// The call that the wrap-up belongs to: the one just seen, or after a reload the newest of the own calls.
export function useLastCall(call: CallRow | undefined, state: string | undefined): CallRow | undefined {
  const [last, setLast] = useState<CallRow>();
  const { data } = useQuery({ ...ownCalls, enabled: state === 'wrap-up' });
  useEffect(() => {
    if (call && call.state !== 'offered') setLast(call);
  }, [call]);
  if (state !== 'wrap-up') return undefined;
  if (last) return last;
  const newest = data?.[0];
  return newest && { call: newest.call, caller: newest.caller, number: '', queue: newest.queue, agent: '', state: 'ended', direction: newest.direction, arrived: newest.arrived, since: newest.arrived, answered: true, recording: false };
}
