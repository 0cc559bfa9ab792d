import { queryOptions } from '@tanstack/react-query';
import { call } from '../../app/api/client';
import type { components } from '../../app/api/schema';

export type WhereTo = components['schemas']['WhereTo'];
export interface CallReport {
  disposition: string;
  note: string;
  contact?: string | null;
  next_step?: string;
  follow_up_at?: string | null;
}
export interface FollowUp {
  call: string;
  queue: string;
  disposition: string;
  note: string;
  contact?: string | null;
  next_step: string;
  follow_up_at?: string | null;
}
export interface OwnCall {
  call: string;
  caller: string;
  queue: string;
  outcome: string;
  arrived: string;
  talk_ms: number;
  wait_ms: number;
  direction: string;
}
export interface Guidance {
  code: string;
  name: string;
  guidance_fa: string;
  guidance_en: string;
  report: 'required' | 'optional' | 'none';
}
export interface Colleagues {
  agents: { code: string; name: string; state: string }[];
  queues: { code: string; name: string }[];
}

export type AgentVerb = 'out' | 'hold' | 'resume' | 'hangup' | 'complete' | 'cancel';
const at = (agent: string) => ({ path: { code: agent } });
// device: the browser phone of this page, when it is one; else the agent's usual phone
export const ready = (agent: string, device?: string) => call('post', '/v1/agents/{code}/ready', { ...at(agent), body: device ? { device } : {} });
export const pause = (agent: string, reason: string) => call('post', '/v1/agents/{code}/pause', { ...at(agent), body: { reason } });
export const tell = (agent: string, verb: AgentVerb) => call('post', `/v1/agents/{code}/${verb}`, at(agent));
export const dial = (agent: string, number: string) => call('post', '/v1/agents/{code}/dial', { ...at(agent), body: { number } });
export const transfer = (agent: string, to: WhereTo) => call('post', '/v1/agents/{code}/transfer', { ...at(agent), body: to });
export const consult = (agent: string, to: WhereTo) => call('post', '/v1/agents/{code}/consult', { ...at(agent), body: to });

const still = 60_000; // what changes seldom is asked for once a minute at most
export const guidanceOf = (queue: string) => queryOptions({ queryKey: ['guidance', queue], enabled: queue !== '', staleTime: still, queryFn: () => call<Guidance>('get', '/v1/desk/queues/{code}', { path: { code: queue } }) });
export const colleagues = queryOptions({ queryKey: ['colleagues'], staleTime: 3000, queryFn: () => call<Colleagues>('get', '/v1/desk/colleagues') });
export const reportOf = (of: string) => queryOptions({ queryKey: ['call-report', of], enabled: of !== '', queryFn: () => call<CallReport>('get', '/v1/call-reports/{call}', { path: { call: of } }) });
export const saveReport = (of: string, body: CallReport) => call('put', '/v1/call-reports/{call}', { path: { call: of }, body });
export const followUps = (agent: string) => queryOptions({ queryKey: ['follow-ups', agent], staleTime: 30_000, retry: false, queryFn: () => call<FollowUp[]>('get', '/v1/follow-ups', { query: { agent } }) });
export const followUpDone = (of: string) => call('post', '/v1/follow-ups/{call}/done', { path: { call: of } });
export const ownCalls = queryOptions({ queryKey: ['own-calls'], staleTime: 10_000, queryFn: () => call<OwnCall[]>('get', '/v1/desk/calls', { query: { limit: 12 } }) });
