// The topics without a WebSocket: the same rows, put together from the ordinary answers.
import { call } from '../api/client';
import type { AgentRow, CallRow, QueueRow, WaitingRow } from './topics';

interface AgentAnswer extends Omit<AgentRow, 'code' | 'balance' | 'report_due'> {
  agent: string;
  balance_millicalls: number;
  reports_due?: string[];
}
interface QueueAnswer {
  queue: string;
  name?: string;
  waiting: number;
  longest_wait_ms: number;
}

const agentRow = ({ agent, balance_millicalls, reports_due, ...rest }: AgentAnswer): AgentRow => ({ ...rest, report_due: reports_due?.[0], code: agent, name: rest.name ?? '', balance: balance_millicalls / 1000 });

function floorOf(agents: AgentAnswer[], queues: QueueAnswer[], calls: CallRow[]) {
  const rows = agents.map(agentRow);
  const waiting = calls.filter((each) => each.state === 'queued' || each.state === 'waiting' || each.state === 'offered').sort((a, b) => a.arrived.localeCompare(b.arrived));
  const place: Record<string, number> = {};
  return {
    agents: Object.fromEntries(rows.map((row) => [row.code, row])),
    queues: Object.fromEntries(
      queues.map((queue): [string, QueueRow] => {
        const staff = rows.filter((row) => row.queues.includes(queue.queue));
        return [
          queue.queue,
          {
            code: queue.queue,
            name: queue.name ?? '',
            waiting: queue.waiting,
            longest_since: queue.waiting > 0 ? new Date(Date.now() - queue.longest_wait_ms).toISOString() : null,
            ready: staff.filter((row) => row.state === 'ready').length,
            on_duty: staff.filter((row) => row.state !== 'signed-out' && row.state !== 'paused').length,
            talking: staff.filter((row) => row.state === 'talking').length,
          },
        ];
      }),
    ),
    waiting: Object.fromEntries(
      waiting.map((each): [string, WaitingRow] => [each.call, { call: each.call, caller: each.caller, queue: each.queue, since: each.arrived, position: (place[each.queue] = (place[each.queue] ?? 0) + 1), priority: 0 }]),
    ),
  };
}

export async function poll(topic: string): Promise<Record<string, unknown>> {
  if (topic === 'desk') {
    const desk = await call<{ agent: AgentAnswer; calls: CallRow[] }>('get', '/v1/desk');
    return { agent: agentRow(desk.agent), calls: Object.fromEntries(desk.calls.map((each) => [each.call, each])) };
  }
  const [agents, queues, calls] = await Promise.all([call<AgentAnswer[]>('get', '/v1/agents'), call<QueueAnswer[]>('get', '/v1/queues'), call<CallRow[]>('get', '/v1/calls')]);
  return floorOf(agents, queues, calls);
}
