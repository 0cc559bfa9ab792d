// Names for codes. Who may see the floor knows its agents and queues; at a desk they are those whom a call may be passed to.
import { useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import { agentNames, deskNames, queueNames } from '../records';
import { may, useMe } from '../session';
import { Named } from './parts';

export interface Names {
  agent(code: string): string;
  queue(code: string): string;
}

export function useNames(): Names {
  const me = useMe();
  const floor = !me.must_change_password && may(me, 'see_floor');
  const { data: agents } = useQuery({ ...agentNames, enabled: floor });
  const { data: queues } = useQuery({ ...queueNames, enabled: floor });
  const { data: desk } = useQuery({ ...deskNames, enabled: !floor && !me.must_change_password && may(me, 'work_own_calls') });
  return useMemo(() => {
    const agent = new Map(agents?.map((each) => [each.agent, each.name]) ?? desk?.agents.map((each) => [each.code, each.name]));
    const queue = new Map(queues?.map((each) => [each.queue, each.name]) ?? desk?.queues.map((each) => [each.code, each.name]));
    return { agent: (code) => agent.get(code) || code, queue: (code) => queue.get(code) || code };
  }, [agents, queues, desk]);
}

export function AgentName({ code }: { code: string }) {
  return <Named code={code} name={useNames().agent(code)} />;
}
export function QueueName({ code }: { code: string }) {
  return <Named code={code} name={useNames().queue(code)} />;
}
