// The browser phone as other features see it: what the desk's buttons need, without the phone's code.
import { useSyncExternalStore } from 'react';

export interface SeatPhone {
  device?: string; // the seat to sign in at
  call?: { muted: boolean; mute(muted: boolean): void; digits(digits: string): void };
}

let present: SeatPhone | undefined;
const listeners = new Set<() => void>();

export function offerSeatPhone(phone: SeatPhone | undefined) {
  present = phone;
  listeners.forEach((listener) => listener());
}

// Undefined: this page is not the seat's phone (a desk phone is muted at the desk phone).
export function useSeatPhone(): SeatPhone | undefined {
  return useSyncExternalStore((listener) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  }, () => present);
}
