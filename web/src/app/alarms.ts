// Alarms of the centre: figures over their thresholds, and what ails the system. Read by the floor, the frame and the setup.
import { call } from './api/client';
import type { Format } from './format';

export interface AlarmRow {
  id: string;
  code: string;
  kind: 'queue' | 'system';
  queue?: string;
  object?: string;
  text: string;
  text_fa?: string;
  since: string;
  until?: string | null;
  threshold?: number | null;
  value?: number | null;
  worst?: number | null;
  seen_by?: string | null;
  seen_at?: string | null;
}

// The server tells of a queue by its code; people know its name.
export function alarmText(alarm: AlarmRow, language: 'fa' | 'en', nameOf: (queue: string) => string): string {
  const text = language === 'fa' ? (alarm.text_fa ?? alarm.text) : alarm.text;
  return alarm.queue ? text.replace(` ${alarm.queue}:`, () => ` ${nameOf(alarm.queue!)}:`) : text;
}

export interface AlarmFilter {
  open?: boolean;
  queue?: string;
}
export const alarms = (filter: AlarmFilter, before?: string) => call<AlarmRow[]>('get', '/v1/alarms', { query: { ...filter, before, limit: 100 } });
export const seen = (id: string) => call<AlarmRow>('post', '/v1/alarms/{alarm}/seen', { path: { alarm: id } });

const shares = new Set(['service-level', 'service-level-30', 'abandoned']);
// The figure of an alarm as a person writes it: a time, a share or a count.
export function alarmFigure(code: string, value: number | null | undefined, format: Format): string {
  if (value === undefined || value === null) return '–';
  if (code === 'longest-wait') return format.duration(value);
  return shares.has(code) ? format.percent(value) : format.number(value);
}
