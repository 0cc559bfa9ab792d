import { address, call } from '../../app/api/client';
import type { components } from '../../app/api/schema';

export type Metric = components['schemas']['Metric'];
export interface Share {
  part: number;
  whole: number;
  permille: number;
}
export type Value = number | Share | null;
export type Figures = Record<string, Value>;
export interface Evenness {
  agents: number;
  jain_calls_ppm: number;
  jain_work_ppm: number;
  most_calls: number;
  least_calls: number;
  most_minus_least: number;
  forced: Share;
}
export interface QueueReport {
  queue: string;
  figures: Figures;
  evenness: Evenness;
}
export interface AgentReport {
  agents: { agent: string; figures: Figures }[];
  evenness: Evenness;
}
export interface Interval {
  from: string;
  to: string;
  label: string;
  figures: Figures;
}
export interface CallRow {
  call: string;
  caller: string;
  number: string;
  queue: string;
  agent: string;
  outcome: string;
  direction: string;
  arrived: string;
  wait_ms: number;
  talk_ms: number;
  recording: string;
}
export interface Filter {
  from?: string;
  to?: string;
  queue?: string;
  agent?: string;
  metric?: string;
  before?: string;
  limit?: number;
  by?: string;
}

export type FileFormat = 'csv' | 'xlsx' | 'pdf';
export const reportFile = (kind: 'queues' | 'agents' | 'intervals' | 'calls', filter: Filter, format: FileFormat, lang: string) => address(`/v1/reports/${kind}`, { query: { ...filter, format, lang } });

export interface Schedule {
  id: string;
  name: string;
  report: string;
  query?: Record<string, string>;
  view?: string;
  every: 'day' | 'week' | 'month';
  weekday?: string;
  day?: number;
  at: string;
  recipients: string[];
  format: FileFormat;
  language: 'fa' | 'en';
  active: boolean;
  made_by?: string;
  next_at?: string | null;
  last?: { slot: string; state: string; at: string; error?: string } | null;
}
export const schedules = () => call<Schedule[]>('get', '/v1/report-schedules');
export const addSchedule = (body: Omit<Schedule, 'id'>) => call<Schedule>('post', '/v1/report-schedules', { body });
export const changeSchedule = ({ id, made_by: _made, next_at: _next, last: _last, ...body }: Schedule) => call<Schedule>('put', '/v1/report-schedules/{schedule}', { path: { schedule: id }, body });
export const removeSchedule = (id: string) => call('delete', '/v1/report-schedules/{schedule}', { path: { schedule: id } });
export const sendNow = (id: string) => call('post', '/v1/report-schedules/{schedule}/send', { path: { schedule: id } });

const asked = (filter: Filter) => ({ query: { ...filter } });
export const metrics = () => call<Metric[]>('get', '/v1/reports/metrics');
export const queues = (filter: Filter) => call<QueueReport[]>('get', '/v1/reports/queues', asked(filter));
export const agents = (filter: Filter) => call<AgentReport>('get', '/v1/reports/agents', asked(filter));
export const intervals = (filter: Filter) => call<Interval[]>('get', '/v1/reports/intervals', asked(filter));
export const calls = (filter: Filter) => call<CallRow[]>('get', '/v1/reports/calls', asked(filter));
