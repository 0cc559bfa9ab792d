import { call } from '../../app/api/client';
import type { components } from '../../app/api/schema';

export interface CallStory {
  call: {
    call: string;
    caller: string;
    number: string;
    queue: string;
    agent: string;
    outcome: string;
    arrived: string;
    answered: string | null;
    ended: string | null;
    wait_ms: number;
    talk_ms: number;
    hold_ms: number;
    direction: string;
    recording: string;
    offers: number;
    transfers: number;
    trunk: string;
  };
  legs: LegQuality[];
  timeline: { seq: number; at: string; event: string; text: string; json: string }[];
}
export interface LegQuality {
  leg: string;
  agent: string; // whose leg; empty: the customer's
  codec: string;
  packets_in: number;
  packets_out: number;
  lost: number;
  lost_by_peer: number;
  jitter_us_max: number;
  round_trip_us: number;
  peer_loss_permille: number;
  peer_jitter_us: number;
  peer_round_trip_us: number;
}
export type Offer = components['schemas']['OfferExplained'];
export type FloorData = Record<string, unknown>;

export const story = (of: string, lang: string) => call<CallStory>('get', '/v1/reports/calls/{call}', { path: { call: of }, query: { lang } });
export const whyThisAgent = (of: string, lang: string) => call<Offer[]>('get', '/v1/calls/{call}/explain', { path: { call: of }, query: { lang, all: true } });
export const ready = (agent: string) => call('post', '/v1/agents/{code}/ready', { path: { code: agent }, body: {} });
export const pause = (agent: string, reason: string) => call('post', '/v1/agents/{code}/pause', { path: { code: agent }, body: { reason } });
export const out = (agent: string) => call('post', '/v1/agents/{code}/out', { path: { code: agent } });
export const release = (agent: string) => call('post', '/v1/agents/{code}/release', { path: { code: agent } }); // from reports that are due
export const give = (waiting: string, agent: string) => call('post', '/v1/calls/{call}/give', { path: { call: waiting }, body: { agent } });
export const endCall = (of: string) => call('post', '/v1/calls/{call}/hangup', { path: { call: of } });
export const setQueues = (agent: string, queues: string[]) => call('patch', '/v1/agents/{code}', { path: { code: agent }, body: { queues } });
// The floor as it stood at a moment of the past, from the journal.
export async function floorAt(at: string): Promise<FloorData> {
  const answer = await call<FloorData & { data?: FloorData }>('get', '/v1/floor', { query: { at } });
  return answer.data ?? answer;
}
