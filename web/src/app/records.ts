// Contacts, what happened with them, and how calls end: read by the desk, the contacts' pages and the setup.
import { queryOptions, useQuery } from '@tanstack/react-query';
import { call } from './api/client';
import { usePreferences } from './preferences';

export interface Contact {
  id: string;
  name: string;
  numbers: { number: string; label?: string }[];
  organisation?: string;
  note?: string;
}
export interface Written {
  agent: string;
  disposition: string;
  note: string;
  next_step: string;
  follow_up_at?: string | null;
  done_at?: string | null;
  written_at: string;
}
export interface HistoryRow {
  call: string;
  arrived: string;
  direction: string;
  caller: string;
  number: string;
  queue: string;
  agents: string[];
  outcome: string;
  wait_ms: number;
  talk_ms: number;
  reports: Written[];
}
export interface Disposition {
  code: string;
  name_fa: string;
  name_en: string;
  queue?: string;
  follow_up: boolean;
  active: boolean;
}

const still = 60_000; // what changes seldom is asked for once a minute at most
export const contactOf = (number: string) =>
  queryOptions({ queryKey: ['contact', number], enabled: number.length > 2, staleTime: still, retry: false, queryFn: async () => (await call<Contact[]>('get', '/v1/contacts', { query: { number, limit: 1 } }))[0] ?? null });
export const historyOf = (contact: string) => queryOptions({ queryKey: ['history', contact], queryFn: () => call<HistoryRow[]>('get', '/v1/contacts/{id}/history', { path: { id: contact }, query: { limit: 20 } }) });
export const historyOfNumber = (number: string) =>
  queryOptions({ queryKey: ['history', 'number', number], enabled: number.length > 2, retry: false, queryFn: () => call<HistoryRow[]>('get', '/v1/number-history', { query: { number, limit: 20 } }) });
export const addContact = (body: Omit<Contact, 'id'>) => call<Contact>('post', '/v1/contacts', { body });
export const dispositions = queryOptions({ queryKey: ['dispositions'], staleTime: still, retry: false, queryFn: () => call<Disposition[]>('get', '/v1/dispositions') });

// Names for choices: who may see the floor knows its agents and queues.
export const agentNames = queryOptions({ queryKey: ['agent-names'], staleTime: still, retry: false, queryFn: () => call<{ agent: string; name?: string }[]>('get', '/v1/agents') });
export const queueNames = queryOptions({ queryKey: ['queue-names'], staleTime: still, retry: false, queryFn: () => call<{ queue: string; name?: string }[]>('get', '/v1/queues') });

// …and who works at a desk knows whom a call may be passed to.
export const deskNames = queryOptions({ queryKey: ['desk-names'], staleTime: still, retry: false, queryFn: () => call<{ agents: { code: string; name: string }[]; queues: { code: string; name: string }[] }>('get', '/v1/desk/colleagues') });

export function useDispositionName() {
  const { language } = usePreferences();
  const { data } = useQuery(dispositions);
  return (code: string) => {
    const found = data?.find((each) => each.code === code);
    return found ? (language === 'fa' ? found.name_fa || found.name_en : found.name_en || found.name_fa) : code;
  };
}
