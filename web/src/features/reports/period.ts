// Periods as whole days, 2026-11-24; `to` is the last day. Weeks begin on Saturday and months are Jalali in the Jalali calendar.
import { startOfMonth as jalaliMonth } from 'date-fns-jalali';
import type { Calendar } from '../../app/preferences';

export interface Period {
  from: string;
  to: string;
}
export type Preset = 'today' | 'yesterday' | 'week' | 'month' | 'chosen';
export const presets: Preset[] = ['today', 'yesterday', 'week', 'month', 'chosen'];

const two = (part: number) => String(part).padStart(2, '0');
export const dayOf = (date: Date) => `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
const noon = (day: string) => new Date(`${day}T12:00:00`);
export function shift(day: string, days: number): string {
  const date = noon(day);
  date.setDate(date.getDate() + days);
  return dayOf(date);
}
const length = ({ from, to }: Period) => Math.round((noon(to).getTime() - noon(from).getTime()) / 86_400_000) + 1;

export function periodOf(preset: Exclude<Preset, 'chosen'>, calendar: Calendar, now = new Date()): Period {
  const today = dayOf(now);
  if (preset === 'today') return { from: today, to: today };
  if (preset === 'yesterday') return { from: shift(today, -1), to: shift(today, -1) };
  if (preset === 'week') {
    const first = calendar === 'jalali' ? 6 : 1; // Saturday, or Monday
    return { from: shift(today, -((now.getDay() - first + 7) % 7)), to: today };
  }
  return { from: calendar === 'jalali' ? dayOf(jalaliMonth(now)) : `${today.slice(0, 8)}01`, to: today };
}

// As many days, just before.
export function before(period: Period): Period {
  return { from: shift(period.from, -length(period)), to: shift(period.from, -1) };
}

// The server's `to` is not included.
export const query = ({ from, to }: Period) => ({ from, to: shift(to, 1) });

