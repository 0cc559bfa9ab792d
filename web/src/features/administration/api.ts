import { call } from '../../app/api/client';
import type { components } from '../../app/api/schema';

type Schemas = components['schemas'];
export type User = Schemas['User'];
export type AuditRow = Schemas['AuditRow'];
export type Settings = Record<string, unknown>;
export interface Health {
  status: string;
  at: string;
  calls: number;
  legs: number;
  registered: number;
  journal: string;
  media_workers: { up: boolean; ports_in_use: number }[];
  [more: string]: unknown;
}

export type Noun = 'queues' | 'agents' | 'numbers' | 'trunks' | 'devices' | 'dispositions' | 'hours' | 'holidays';
export const list = (noun: Noun) => call<Settings[]>('get', `/v1/${noun}`);
export const get = (noun: Exclude<Noun, 'dispositions' | 'hours' | 'holidays'>, code: string) => call<Settings>('get', `/v1/${noun}/{code}`, { path: { code } });
export const put = (noun: Noun, code: string, body: Settings) => call<Settings>('put', `/v1/${noun}/{code}`, { path: { code }, body });
export const remove = (noun: Noun, code: string) => call('delete', `/v1/${noun}/{code}`, { path: { code } });

export const users = () => call<User[]>('get', '/v1/users');
export const addUser = (body: Schemas['NewUser']) => call<Schemas['PasswordGiven']>('post', '/v1/users', { body });
export const changeUser = (login: string, body: Schemas['UserChange']) => call('patch', '/v1/users/{login}', { path: { login }, body });
export const removeUser = (login: string) => call('delete', '/v1/users/{login}', { path: { login } });
export const resetPassword = (login: string) => call<Schemas['PasswordGiven']>('post', '/v1/users/{login}/password', { path: { login } });
export const audit = (before?: string) => call<AuditRow[]>('get', '/v1/audit', { query: { before } });
export const health = () => call<Health>('get', '/health');
export const centre = () => call<Settings[] | Settings>('get', '/v1/centre').then((answer) => (Array.isArray(answer) ? answer[0]! : answer));
export const changeCentre = (body: Settings) => call('patch', '/v1/centre', { body });
export const calls = () => call<{ call: string; state: string; answered: boolean; agent: string }[]>('get', '/v1/calls');
