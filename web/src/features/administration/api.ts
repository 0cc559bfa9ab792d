import { address, call } from '../../app/api/client';
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

export type Finding = { check: string; verdict: 'ok' | 'warning' | 'problem'; found: string; means: string; advice: string; found_fa: string; means_fa: string; advice_fa: string };
export type Token = Schemas['Token'];
export type Webhook = Schemas['Webhook'];
export const promptLanguages = ['fa', 'en', 'music'] as const;
export type PromptLanguage = (typeof promptLanguages)[number];
export interface Prompt {
  name: string;
  language: string;
  text: string; // what a phrase of the house says
  spoken?: string; // what one's own was made from
  duration_ms: number;
  bytes: number;
  own: boolean;
  source?: 'upload' | 'speech' | 'house';
  used_by?: { kind: 'queue' | 'number' | 'house'; code?: string; as: 'music' | 'greeting' | 'announcement' | 'closed' | 'phrase' }[];
}
export interface Provisioning {
  id: string;
  url: string;
  expires: string;
  qr: string; // an SVG picture
  linphone_url: string;
  linphone_qr: string;
}
export interface ProvisioningRow {
  id: string;
  made: string;
  made_by: string;
  expires: string;
  opened?: string;
  opened_from?: string;
}
export interface AlarmMail {
  recipients: string[];
  language: 'fa' | 'en';
  codes?: string[];
}
export interface MailServer {
  on: boolean;
  host?: string;
  port?: number;
  security?: string;
  from?: string;
}
export interface Mail {
  id: string;
  kind: 'report' | 'alarm' | 'test';
  about: string;
  to: string[];
  subject: string;
  made: string;
  state: 'waiting' | 'sent' | 'given-up';
  attempts: number;
  next_try?: string;
  sent_at?: string;
  error?: string;
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
export const doctor = () => call<Finding[]>('get', '/v1/doctor');

export const prompts = () => call<Prompt[]>('get', '/v1/prompts');
export const promptAudio = ({ name, language }: Prompt) => address('/v1/prompts/{name}/audio', { path: { name }, query: { language } });
export const putPrompt = (name: string, language: string, sound: Blob) => call<Prompt>('put', '/v1/prompts/{name}', { path: { name }, query: { language }, body: sound });
export const speakPrompt = (name: string, body: Schemas['Speech']) => call<Prompt>('post', '/v1/prompts/{name}/speech', { path: { name }, body });
export const removePrompt = ({ name, language }: Prompt) => call('delete', '/v1/prompts/{name}', { path: { name }, query: { language } });

export const tokens = () => call<Token[]>('get', '/v1/tokens');
export const makeToken = (body: Schemas['NewToken']) => call<Schemas['TokenMade']>('post', '/v1/tokens', { body });
export const endToken = (name: string) => call('delete', '/v1/tokens/{name}', { path: { name } });
export const webhooks = () => call<Webhook[]>('get', '/v1/webhooks');
export const makeWebhook = (body: Schemas['NewWebhook']) => call<Schemas['WebhookMade']>('post', '/v1/webhooks', { body });
export const endWebhook = (webhook: string) => call('delete', '/v1/webhooks/{webhook}', { path: { webhook } });

export const dropSecondFactor = (login: string) => call('delete', '/v1/users/{login}/second-factor', { path: { login } });
export const endSessionsOf = (login: string) => call('delete', '/v1/users/{login}/sessions', { path: { login } });

const device = (user: string) => ({ path: { user } });
export const provisionings = (user: string) => call<ProvisioningRow[]>('get', '/v1/devices/{user}/provisioning', device(user));
export const provision = (user: string) => call<Provisioning>('post', '/v1/devices/{user}/provisioning', { ...device(user), body: {} });
export const endProvisionings = (user: string) => call('delete', '/v1/devices/{user}/provisioning', device(user));

export const patch = (noun: 'queues', code: string, body: Settings) => call<Settings>('patch', `/v1/${noun}/{code}`, { path: { code }, body });
export const alarmMail = () => call<AlarmMail>('get', '/v1/alarm-mail');
export const changeAlarmMail = (body: AlarmMail) => call('put', '/v1/alarm-mail', { body });
export const mailServer = () => call<MailServer>('get', '/v1/mail');
export const testMail = (to: string) => call('post', '/v1/mail/test', { body: { to } });
export const mails = () => call<Mail[]>('get', '/v1/mails', { query: { limit: 50 } });
export const retryMail = (id: string) => call('post', '/v1/mails/{mail}/retry', { path: { mail: id } });
export const dropMail = (id: string) => call('delete', '/v1/mails/{mail}', { path: { mail: id } });

export const holidayTemplates = () => call<{ code: string; days: { calendar: string; date: string; name_fa: string; name_en: string }[] }[]>('get', '/v1/holiday-templates');
