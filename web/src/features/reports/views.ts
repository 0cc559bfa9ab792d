// Views that somebody wants to see again, kept in this browser.
import { useState } from 'react';
import type { Period, Preset } from './period';

export interface View {
  name: string;
  kind: string;
  preset: Preset;
  compared: boolean;
  chosen?: Period;
}
const place = 'pasokh.views';

function read(): View[] {
  try {
    return JSON.parse(localStorage.getItem(place) ?? '[]') as View[];
  } catch {
    return [];
  }
}

export function useViews(): [View[], (view: View) => void, (name: string) => void] {
  const [views, set] = useState(read);
  const put = (next: View[]) => {
    localStorage.setItem(place, JSON.stringify(next));
    set(next);
  };
  return [views, (view) => put([...views.filter((each) => each.name !== view.name), view].slice(-12)), (name) => put(views.filter((each) => each.name !== name))];
}
