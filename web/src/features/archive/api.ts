import { address, call } from '../../app/api/client';

export interface RecordingRow {
  capture: string;
  call: string;
  state: 'capturing' | 'finishing' | 'finished' | string;
  duration_ms: number;
  caller: string;
  number: string;
  queue: string;
  agent: string;
  outcome: string;
  started: string;
  held: boolean;
  disposition: string;
}
export interface Recording {
  duration: number;
  sha256: string;
  bytes: number;
  peaks: number[]; // caller, agent, caller, agent … 0…255
  empty: boolean;
  gaps_ms: number;
  lost_packets: number;
  marks: { name: string; at: number; length: number }[];
  started: string;
}
export interface Comment {
  at_ms: number;
  text: string;
  by?: string;
  at?: string;
}
export interface Hold {
  reason: string;
  by: string;
  at: string;
}
export interface Search {
  from?: string;
  to?: string;
  queue?: string;
  agent?: string;
  number?: string;
  min_seconds?: string;
  disposition?: string;
  text?: string;
}

const named = (of: string) => ({ path: { call: of } });
export const page_size = 50;
export const search = (asked: Search, before?: string) => call<RecordingRow[]>('get', '/v1/recordings', { query: { ...asked, before, limit: page_size } });
export const recording = (of: string) => call<Recording>('get', '/v1/recordings/{call}', named(of));
export const audioAddress = (of: string) => address('/v1/recordings/{call}/audio', named(of));
export const downloadAddress = (of: string, reason: string) => address('/v1/recordings/{call}/download', { ...named(of), query: { reason } });
export const holdOf = (of: string) => call<Hold>('get', '/v1/recordings/{call}/hold', named(of));
export const comments = (of: string) => call<Comment[]>('get', '/v1/recordings/{call}/comments', named(of));
export const addComment = (of: string, body: { at_ms: number; text: string }) => call('post', '/v1/recordings/{call}/comments', { ...named(of), body });
export const hold = (of: string, reason: string) => call('put', '/v1/recordings/{call}/hold', { ...named(of), body: { reason } });
export const release = (of: string) => call('delete', '/v1/recordings/{call}/hold', named(of));
