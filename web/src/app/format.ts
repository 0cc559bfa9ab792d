// Figures, times and numbers as a person of the chosen language and calendar writes them.
import { useMemo } from 'react';
import { type Preferences, usePreferences } from './preferences';

export interface Format {
  number(value: number): string;
  percent(permille: number): string;
  decimal(value: number, digits?: number): string;
  duration(ms: number): string; // 1:05 or 1:02:03
  setting(text: string): string; // "90s", "3m", "1h" as a person says it
  date(at: string | number | Date): string;
  time(at: string | number | Date): string;
  moment(at: string | number | Date): string; // date and time
  digits(text: string): string; // phone numbers and codes: digits of the language, nothing else changed
}

export function formatFor({ language, calendar }: Pick<Preferences, 'language' | 'calendar'>): Format {
  const locale = language === 'fa' ? 'fa-IR' : 'en-GB';
  const dated = `${locale}-u-ca-${calendar === 'jalali' ? 'persian' : 'gregory'}`;
  const whole = new Intl.NumberFormat(locale, { maximumFractionDigits: 0 });
  const two = new Intl.NumberFormat(locale, { minimumIntegerDigits: 2, useGrouping: false });
  const plain = new Intl.NumberFormat(locale, { useGrouping: false });
  const percent = new Intl.NumberFormat(locale, { style: 'percent', maximumFractionDigits: 1 });
  const date = new Intl.DateTimeFormat(dated, { year: 'numeric', month: '2-digit', day: '2-digit' });
  const time = new Intl.DateTimeFormat(dated, { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' });
  const parts = (at: string | number | Date) => {
    const found = Object.fromEntries(date.formatToParts(new Date(at)).map((part) => [part.type, part.value]));
    return calendar === 'jalali' || language === 'fa' ? `${found.year}/${found.month}/${found.day}` : `${found.year}-${found.month}-${found.day}`;
  };
  const self: Format = {
    number: (value) => whole.format(value),
    percent: (permille) => percent.format(permille / 1000),
    decimal: (value, digits = 2) => new Intl.NumberFormat(locale, { minimumFractionDigits: digits, maximumFractionDigits: digits }).format(value),
    duration(ms) {
      const seconds = Math.max(0, Math.floor(ms / 1000));
      const [h, m, s] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
      return h > 0 ? `${plain.format(h)}:${two.format(m)}:${two.format(s)}` : `${plain.format(m)}:${two.format(s)}`;
    },
    setting: (text) =>
      inLargestUnit(text).replace(/(\d+)(ms|s|m|h)(?=\d|$)/g, (_, figure: string, unit: 'ms' | 's' | 'm' | 'h') =>
        new Intl.NumberFormat(locale, { style: 'unit', unit: units[unit], unitDisplay: 'short' }).format(Number(figure)),
      ),
    date: parts,
    time: (at) => time.format(new Date(at)),
    moment: (at) => `${parts(at)} ${time.format(new Date(at))}`,
    digits: (text) => (language === 'fa' ? text.replace(/[0-9]/g, (digit) => String.fromCharCode(0x06f0 + Number(digit))) : text),
  };
  return self;
}

// "3600s" is an hour to a person; "90s" stays as it is.
export function inLargestUnit(text: string): string {
  const [, figure, unit] = /^(\d+)(s|m)$/.exec(text) ?? [];
  if (!figure || Number(figure) === 0 || Number(figure) % 60 !== 0) return text;
  return inLargestUnit(`${Number(figure) / 60}${unit === 's' ? 'm' : 'h'}`);
}

const units = { ms: 'millisecond', s: 'second', m: 'minute', h: 'hour' };

export function useFormat(): Format {
  const { language, calendar } = usePreferences();
  return useMemo(() => formatFor({ language, calendar }), [language, calendar]);
}

// What a person types may hold Persian or Arabic digits; the server is sent Latin ones.
export function latinDigits(text: string): string {
  return text.replace(/[۰-۹]/g, (d) => String(d.charCodeAt(0) - 0x06f0)).replace(/[٠-٩]/g, (d) => String(d.charCodeAt(0) - 0x0660));
}
