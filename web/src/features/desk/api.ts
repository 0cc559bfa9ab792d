import { queryOptions } from '@tanstack/react-query';
import { call } from '../../app/api/client';
import type { components } from '../../app/api/schema';

export type WhereTo = components['schemas']['WhereTo'];
export interface Contact {
  id: string;
  name: string;
  numbers: { number: string; label?: string }[];
  organisation?: string;
  note?: string;
}
export interface HistoryRow {
  call: string;
  at: string;
  direction?: string;
  queue?: string;
  agent?: string;
  outcome?: string;
  talk_ms?: number;
  disposition?: string;
  note?: string;
  next_step?: string;
  follow_up_at?: string;
}
export interface Disposition {
  code: string;
  name_fa: string;
  name_en: string;
  queue?: string;
  follow_up: boolean;
  active: boolean;
}
export interface CallReport {
  call?: string;
  disposition: string;
  note: string;
  contact?: string;
  next_step?: string;
  follow_up_at?: string;
}
export interface FollowUp {
  call: string;
  caller?: string;
  contact?: string;
  next_step: string;
  follow_up_at: string;
  queue?: string;
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
export const contactOf = (number: string) =>
  queryOptions({ queryKey: ['contact', number], enabled: number !== '', staleTime: still, queryFn: async () => (await call<Contact[]>('get', '/v1/contacts', { query: { number, limit: 1 } }))[0] ?? null });
export const historyOf = (contact: string | undefined) =>
  queryOptions({ queryKey: ['history', contact], enabled: contact !== undefined, queryFn: () => call<HistoryRow[]>('get', '/v1/contacts/{id}/history', { path: { id: contact! }, query: { limit: 20 } }) });
export const addContact = (body: Omit<Contact, 'id'>) => call<Contact>('post', '/v1/contacts', { body });
export const dispositions = queryOptions({ queryKey: ['dispositions'], staleTime: still, queryFn: () => call<Disposition[]>('get', '/v1/dispositions') });
export const guidanceOf = (queue: string) => queryOptions({ queryKey: ['guidance', queue], enabled: queue !== '', staleTime: still, queryFn: () => call<Guidance>('get', '/v1/desk/queues/{code}', { path: { code: queue } }) });
export const colleagues = queryOptions({ queryKey: ['colleagues'], staleTime: 3000, queryFn: () => call<Colleagues>('get', '/v1/desk/colleagues') });
export const reportOf = (of: string) => queryOptions({ queryKey: ['call-report', of], enabled: of !== '', queryFn: () => call<CallReport>('get', '/v1/call-reports/{call}', { path: { call: of } }) });
export const saveReport = (of: string, body: CallReport) => call('put', '/v1/call-reports/{call}', { path: { call: of }, body });
export const followUps = (agent: string) => queryOptions({ queryKey: ['follow-ups', agent], staleTime: 30_000, queryFn: () => call<FollowUp[]>('get', '/v1/follow-ups', { query: { agent } }) });
export const followUpDone = (of: string) => call('post', '/v1/follow-ups/{call}/done', { path: { call: of } });
export const ownCalls = queryOptions({ queryKey: ['own-calls'], staleTime: 10_000, queryFn: () => call<OwnCall[]>('get', '/v1/desk/calls', { query: { limit: 12 } }) });
