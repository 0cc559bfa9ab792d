// Keyboard: an action is one object that button, menu and key read. `?` lists what the page at hand offers.
import { useEffect, useRef, useSyncExternalStore } from 'react';
import type { TextKey } from './texts';

export interface Action {
  key: string; // as KeyboardEvent.code, with Alt+ before it where typing must not set it off: "Alt+KeyR"
  label: TextKey;
  allowed: boolean;
  run(): void;
}

const offered = new Map<symbol, Action[]>();
let all: Action[] = [];
const listeners = new Set<() => void>();

function change(owner: symbol, actions: Action[] | undefined) {
  if (actions) offered.set(owner, actions);
  else offered.delete(owner);
  all = [...offered.values()].flat();
  listeners.forEach((listener) => listener());
}

export function useActions(actions: Action[]) {
  const owner = useRef(Symbol('actions'));
  useEffect(() => change(owner.current, actions));
  useEffect(() => () => change(owner.current, undefined), []);
}

export function useOffered(): Action[] {
  return useSyncExternalStore((listener) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  }, () => all);
}

const inText = (target: EventTarget | null) => target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));

// By code, not by letter: the keys stay where they are when the keyboard is switched to Persian.
export function onKey(event: KeyboardEvent) {
  const pressed = `${event.altKey ? 'Alt+' : ''}${event.code}`;
  if (event.ctrlKey || event.metaKey || (!event.altKey && inText(event.target))) return;
  const action = all.find((each) => each.key === pressed && each.allowed);
  if (!action) return;
  event.preventDefault();
  action.run();
}

export function keyName(key: string): string {
  return key.replace('Key', '').replace('Digit', '').replace('+', ' + ');
}
