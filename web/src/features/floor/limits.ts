// From when on a figure is an alarm. Each supervisor sets it for the own screen.
import { useState } from 'react';

export interface Limits {
  wait: number; // seconds a caller may wait
  waiting: number; // callers in one queue
  service: number; // per cent of today
  pause: number; // minutes of a pause
  wrapUp: number; // minutes of a wrap-up
}
const usual: Limits = { wait: 60, waiting: 10, service: 80, pause: 20, wrapUp: 3 };
const place = 'pasokh.limits';

export function useLimits(): [Limits, (limits: Limits) => void] {
  const [limits, set] = useState<Limits>(() => {
    try {
      return { ...usual, ...(JSON.parse(localStorage.getItem(place) ?? '{}') as Partial<Limits>) };
    } catch {
      return usual;
    }
  });
  return [
    limits,
    (next) => {
      localStorage.setItem(place, JSON.stringify(next));
      set(next);
    },
  ];
}
