// What a person chose on this machine: language, calendar, light or dark. Kept in the browser, since it must hold before anyone signs in.
import { useSyncExternalStore } from 'react';
import type { Language } from './texts';

export type Calendar = 'jalali' | 'gregorian';
export type Scheme = 'system' | 'light' | 'dark';
export interface Preferences {
  language: Language;
  calendar: Calendar;
  scheme: Scheme;
  microphone?: string;
  speaker?: string;
}

const place = 'pasokh.preferences';
const listeners = new Set<() => void>();
let present: Preferences = read();

function read(): Preferences {
  let stored: Partial<Preferences> = {};
  try {
    stored = JSON.parse(localStorage.getItem(place) ?? '{}') as Partial<Preferences>;
  } catch {
    // another program wrote there, or storage is closed to us: start from the defaults
  }
  const language = stored.language ?? (globalThis.navigator?.language?.startsWith('en') ? 'en' : 'fa');
  return { language, calendar: language === 'fa' ? 'jalali' : 'gregorian', scheme: 'system', ...stored };
}

export function preferences(): Preferences {
  return present;
}

export function prefer(change: Partial<Preferences>) {
  present = { ...present, ...change };
  try {
    localStorage.setItem(place, JSON.stringify(present));
  } catch {
    // private windows may refuse; the choice then holds until the page is closed
  }
  listeners.forEach((listener) => listener());
}

export function usePreferences(): Preferences {
  return useSyncExternalStore((listener) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  }, preferences);
}
