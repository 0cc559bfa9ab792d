// How a figure is written and compared; what it means stands in the server's catalogue of metrics.
import type { Format } from '../../app/format';
import type { Figures, Value } from './api';

export const queueColumns = ['offered', 'answered', 'abandoned', 'short_abandoned', 'service_level_strict', 'abandonment_rate', 'asa_ms', 'wait_longest_ms', 'aht_ms', 'att_ms', 'talk_ms'];
export const agentColumns = ['offers', 'answered', 'lapsed', 'handled', 'aht_ms', 'talk_ms', 'hold_ms', 'wrap_up_ms', 'on_duty_ms', 'ready_ms', 'paused_ms', 'occupancy', 'calls_per_hour_milli'];
// More is worse: waiting, leaving, letting it ring.
const better_low = new Set(['abandoned', 'short_abandoned', 'abandonment_rate', 'asa_ms', 'wait_longest_ms', 'lapsed']);
const neutral = new Set(['offered', 'offers', 'talk_ms', 'aht_ms', 'att_ms', 'handled', 'hold_ms', 'wrap_up_ms', 'on_duty_ms', 'ready_ms', 'paused_ms', 'occupancy', 'calls_per_hour_milli']);

export function plain(value: Value | undefined): number | undefined {
  if (value === null || value === undefined) return undefined;
  if (typeof value === 'number') return value;
  return value.whole === 0 ? undefined : value.permille;
}

export function written(name: string, value: Value | undefined, format: Format): string {
  const number = plain(value);
  if (number === undefined) return '–';
  if (typeof value === 'object') return format.percent(number);
  if (name.endsWith('_ms')) return format.duration(number);
  if (name.endsWith('_milli')) return format.decimal(number / 1000, 1);
  if (name.endsWith('_ppm')) return format.decimal(number / 1_000_000, 3);
  return format.number(number);
}

export interface Change {
  permille: number; // of the figure before; for shares the difference in permille
  good?: boolean;
}
export function changeOf(name: string, now: Figures, then: Figures | undefined): Change | undefined {
  const [a, b] = [plain(now[name]), plain(then?.[name])];
  if (a === undefined || b === undefined || a === b) return undefined;
  const share = typeof now[name] === 'object';
  if (!share && b === 0) return undefined;
  const permille = share ? a - b : Math.round((1000 * (a - b)) / b);
  return { permille, good: neutral.has(name) ? undefined : a > b !== better_low.has(name) };
}
