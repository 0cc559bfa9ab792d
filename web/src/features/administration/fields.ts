// What can be set, noun by noun: one line a field, read by table, form and wizard.
import type { TextKey } from '../../app/texts';
import type { Noun } from './api';

export type Kind = 'music' | 'prompt' | 'closed' | 'text' | 'code' | 'number' | 'duration' | 'switch' | 'secret' | 'long' | { choices: string[] } | { of: Noun; many?: boolean };
export interface Field {
  name: string;
  label: TextKey;
  kind: Kind;
  table?: boolean; // shown in the list too
  hint?: TextKey;
  once?: boolean; // chosen when it is added, never changed
}
export interface Sheet {
  noun: Noun;
  key: string; // the field of a row that is its code
  title: TextKey;
  says: TextKey;
  fields: Field[];
  raw?: boolean; // settings are free pairs of texts (trunks)
}

const name: Field = { name: 'name', label: 'field.name', kind: 'text', table: true };
const language: Field = { name: 'language', label: 'app.language', kind: { choices: ['fa', 'en'] } };

export const sheets: Sheet[] = [
  {
    noun: 'queues', key: 'queue', title: 'admin.queues', says: 'admin.queuesSays',
    fields: [
      name,
      { name: 'strategy', label: 'admin.strategy', kind: { choices: ['fair-share', 'longest-idle', 'round-robin', 'ring-all', 'fixed-order'] }, table: true },
      { name: 'priority', label: 'admin.priority', kind: 'number', table: true },
      { name: 'ring', label: 'admin.ring', kind: 'duration' },
      { name: 'wrap_up', label: 'admin.wrapUp', kind: 'duration', table: true },
      { name: 'report', label: 'admin.report', kind: { choices: ['none', 'optional', 'required'] } },
      { name: 'capacity', label: 'admin.capacity', kind: 'number' },
      { name: 'max_wait', label: 'admin.maxWait', kind: 'duration' },
      { name: 'overflow_queue', label: 'admin.overflowQueue', kind: { of: 'queues' } },
      { name: 'overflow_number', label: 'admin.overflowNumber', kind: 'code' },
      { name: 'skills', label: 'admin.skills', kind: 'code', hint: 'admin.skillsHint' },
      { name: 'service_level', label: 'admin.serviceLevel', kind: 'duration', table: true },
      { name: 'short_abandon', label: 'admin.shortAbandon', kind: 'duration' },
      { name: 'record', label: 'admin.record', kind: 'switch', table: true },
      { name: 'notice', label: 'admin.notice', kind: 'switch' },
      { name: 'retention_days', label: 'admin.retention', kind: 'number', hint: 'admin.retentionHint' },
      { name: 'greeting', label: 'admin.greeting', kind: 'prompt', hint: 'admin.greetingHint' },
      { name: 'announcement', label: 'admin.announcement', kind: 'prompt', hint: 'admin.announcementHint' },
      { name: 'announce_place', label: 'admin.announcePlace', kind: 'switch' },
      { name: 'announce_every', label: 'admin.announceEvery', kind: 'duration' },
      { name: 'music', label: 'admin.music', kind: 'music' },
      language,
      { name: 'guidance_fa', label: 'admin.guidanceFa', kind: 'long', hint: 'admin.guidanceHint' },
      { name: 'guidance_en', label: 'admin.guidanceEn', kind: 'long' },
    ],
  },
  {
    noun: 'agents', key: 'agent', title: 'admin.agents', says: 'admin.agentsSays',
    fields: [
      name,
      { name: 'number', label: 'admin.extension', kind: 'code', table: true },
      { name: 'queues', label: 'admin.queues', kind: { of: 'queues', many: true }, table: true },
      { name: 'skills', label: 'admin.skills', kind: 'code', table: true, hint: 'admin.agentSkillsHint' },
      { name: 'device', label: 'admin.usualDevice', kind: { of: 'devices' }, table: true },
    ],
  },
  {
    noun: 'numbers', key: 'number', title: 'admin.numbers', says: 'admin.numbersSays',
    fields: [
      name,
      { name: 'queue', label: 'field.queue', kind: { of: 'queues' }, table: true },
      { name: 'hours', label: 'admin.hours', kind: { of: 'hours' }, table: true },
      { name: 'closed', label: 'admin.closed', kind: 'closed', hint: 'admin.closedHint' },
      { name: 'emergency', label: 'admin.emergency', kind: 'switch', table: true, hint: 'admin.emergencyHint' },
      { ...language, table: true },
    ],
  },
  { noun: 'trunks', key: 'trunk', title: 'admin.trunks', says: 'admin.trunksSays', raw: true, fields: [{ name: 'host', label: 'admin.host', kind: 'code' }, { name: 'port', label: 'admin.port', kind: 'code' }, { name: 'transport', label: 'admin.transport', kind: { choices: ['udp', 'tcp'] } }, { name: 'networks', label: 'admin.networks', kind: 'code', hint: 'admin.networksHint' }, { name: 'register', label: 'admin.register', kind: { choices: ['no', 'yes'] } }, { name: 'user', label: 'admin.user', kind: 'code' }, { name: 'password', label: 'admin.password', kind: 'secret' }, { name: 'max_channels', label: 'admin.channels', kind: 'code', table: true }, { name: 'area_code', label: 'admin.areaCode', kind: 'code' }, { name: 'codecs', label: 'admin.codecs', kind: 'code' }, { name: 'dtmf', label: 'admin.dtmf', kind: { choices: ['rfc4733', 'info', 'inband'] } }] },
  {
    noun: 'devices', key: 'device', title: 'admin.devices', says: 'admin.devicesSays',
    fields: [name, { name: 'kind', label: 'admin.deviceKind', kind: { choices: ['phone', 'browser'] }, table: true, once: true }, { name: 'agent', label: 'admin.usualAgent', kind: { of: 'agents' }, table: true }, { name: 'password', label: 'admin.password', kind: 'secret', hint: 'admin.passwordHint' }, { name: 'seated', label: 'admin.seated', kind: 'code', table: true }, { name: 'reachable', label: 'admin.reachable', kind: 'switch', table: true }],
  },
  {
    noun: 'dispositions', key: 'code', title: 'admin.dispositions', says: 'admin.dispositionsSays',
    fields: [
      { name: 'name_fa', label: 'admin.nameFa', kind: 'text', table: true },
      { name: 'name_en', label: 'admin.nameEn', kind: 'text', table: true },
      { name: 'queue', label: 'admin.onlyQueue', kind: { of: 'queues' }, table: true },
      { name: 'follow_up', label: 'admin.followUp', kind: 'switch', table: true },
      { name: 'active', label: 'admin.active', kind: 'switch', table: true },
    ],
  },
];

// What the server tells and nobody sets.
export const told = new Set(['seated', 'reachable']);
