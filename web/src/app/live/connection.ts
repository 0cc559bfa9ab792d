// The one WebSocket of a page (GET /v1/live): topics for desk and floor, frames of the browser phone, the word that the session ended.
// Where no WebSocket comes through (some proxies cut them) the topics are asked for every two seconds instead, and the page says so.
import type { AlarmRow } from '../alarms';
import { poll } from './poll';
import { type Delta, type Snapshot, Topic } from './topics';

export type Status = 'connecting' | 'live' | 'polling' | 'off';
export interface PhoneFrame {
  type: `phone.${string}`;
  [field: string]: unknown;
}
export type Alarm = AlarmRow & { type: 'alarm'; over: boolean };
type Frame = Snapshot | Delta | Alarm | PhoneFrame | { type: 'signed-out' };

const backoff = [250, 500, 1000, 2000, 4000, 8000]; // ms before the next try
const tries_before_polling = 3;
const poll_every = 2000;
const sign_of_life_every = 60_000; // ms; the server ends a supervisor's session that shows none for 15 minutes
const signs = ['pointerdown', 'pointermove', 'keydown', 'wheel'] as const;
const close_signed_out = 4001;

export class Connection {
  status: Status = 'off';
  private readonly alarms = new Map<string, Alarm>();
  standing: readonly Alarm[] = []; // alarms that are not over
  private socket: WebSocket | undefined;
  private failures = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private polling: ReturnType<typeof setInterval> | undefined;
  private pulse: ReturnType<typeof setInterval> | undefined;
  private somebodyThere = false;
  private unattended = 0; // pages that are looked at without a hand on them: a big screen
  private readonly topics = new Map<string, { topic: Topic; users: number }>();
  private readonly statusListeners = new Set<() => void>();
  private readonly phoneListeners = new Set<(frame: PhoneFrame) => void>();
  private readonly openListeners = new Set<() => void>();

  leaving = false; // somebody has pressed sign-out
  wasSignedOut = false; // the session ended by time or from elsewhere, not by a press of ours

  constructor(private readonly whenSignedOut: () => void) {}

  start() {
    if (this.status !== 'off') return;
    this.wasSignedOut = false;
    this.leaving = false;
    this.failures = 0;
    this.setStatus('connecting');
    this.connect();
    window.addEventListener('online', this.again);
    for (const sign of signs) window.addEventListener(sign, this.noteLife, { passive: true });
    this.pulse = setInterval(this.showLife, sign_of_life_every);
  }

  stop() {
    window.removeEventListener('online', this.again);
    for (const sign of signs) window.removeEventListener(sign, this.noteLife);
    clearInterval(this.pulse);
    clearTimeout(this.timer);
    this.stopPolling();
    this.setStatus('off');
    this.socket?.close();
    this.socket = undefined;
    this.alarms.clear();
    this.standing = [];
    for (const entry of this.topics.values()) entry.topic.snapshot({ version: -1, data: {} });
  }

  // Kept while at least one part of the page looks at it.
  topic(name: string): Topic {
    let entry = this.topics.get(name);
    if (!entry) this.topics.set(name, (entry = { topic: new Topic(), users: 0 }));
    return entry.topic;
  }
  watch(name: string): () => void {
    const topic = this.topic(name);
    const entry = this.topics.get(name)!;
    entry.users += 1;
    if (entry.users === 1) {
      this.send({ type: 'subscribe', topic: name });
      if (this.polling) void this.pollOnce();
    }
    return () => {
      entry.users -= 1;
      if (entry.users > 0) return;
      this.send({ type: 'unsubscribe', topic: name });
      topic.version = -1;
    };
  }

  send(frame: object): boolean {
    if (this.socket?.readyState !== WebSocket.OPEN) return false;
    this.socket.send(JSON.stringify(frame));
    return true;
  }
  onPhone(listener: (frame: PhoneFrame) => void) {
    this.phoneListeners.add(listener);
    return () => {
      this.phoneListeners.delete(listener);
    };
  }
  onOpen(listener: () => void) {
    this.openListeners.add(listener);
    if (this.status === 'live') listener();
    return () => {
      this.openListeners.delete(listener);
    };
  }
  subscribeStatus = (listener: () => void) => {
    this.statusListeners.add(listener);
    return () => {
      this.statusListeners.delete(listener);
    };
  };
  readStatus = () => this.status;
  readStanding = () => this.standing;

  // While a page is on a wall, nobody touches it and somebody looks at it.
  keepAwake(): () => void {
    this.unattended += 1;
    return () => {
      this.unattended -= 1;
    };
  }
  private noteLife = () => {
    this.somebodyThere = true;
  };
  private showLife = () => {
    if (this.somebodyThere || this.unattended > 0) this.send({ type: 'active' });
    this.somebodyThere = false;
  };

  // From the live line, or the answer to a press of "seen".
  noteAlarm(alarm: Alarm) {
    if (alarm.over) this.alarms.delete(alarm.id);
    else this.alarms.set(alarm.id, alarm);
    this.standing = [...this.alarms.values()];
    this.statusListeners.forEach((listener) => listener());
  }

  // After an action where nothing would tell us of its outcome.
  refresh() {
    if (this.polling) void this.pollOnce();
  }

  private again = () => {
    if (this.status === 'live' || this.status === 'off') return;
    clearTimeout(this.timer);
    this.connect();
  };

  private connect() {
    if (this.socket && this.socket.readyState <= WebSocket.OPEN) return;
    const socket = new WebSocket(`${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/v1/live`);
    this.socket = socket;
    socket.onopen = () => {
      this.failures = 0;
      this.stopPolling();
      this.setStatus('live');
      for (const [name, entry] of this.topics) if (entry.users > 0) this.send({ type: 'subscribe', topic: name });
      this.openListeners.forEach((listener) => listener());
    };
    socket.onmessage = ({ data }) => this.take(JSON.parse(data as string) as Frame);
    socket.onclose = ({ code }) => {
      if (this.socket !== socket || this.status === 'off') return;
      this.socket = undefined;
      if (code === close_signed_out) return this.whenSignedOut();
      this.failures += 1;
      if (this.failures >= tries_before_polling) this.startPolling();
      else this.setStatus('connecting');
      this.timer = setTimeout(this.again, backoff[Math.min(this.failures - 1, backoff.length - 1)]);
    };
  }

  private take(frame: Frame) {
    if (frame.type === 'signed-out') return this.whenSignedOut();
    if (frame.type === 'alarm') {
      return this.noteAlarm(frame as Alarm);
    }
    if (frame.type.startsWith('phone.')) return this.phoneListeners.forEach((listener) => listener(frame as PhoneFrame));
    const { topic: name } = frame as Snapshot | Delta;
    const topic = this.topics.get(name)?.topic;
    if (!topic) return;
    if (frame.type === 'snapshot') topic.snapshot(frame as Snapshot);
    else if (frame.type === 'delta' && !topic.delta(frame as Delta)) this.send({ type: 'subscribe', topic: name });
  }

  private startPolling() {
    this.setStatus('polling');
    if (this.polling) return;
    this.polling = setInterval(() => void this.pollOnce(), poll_every);
    void this.pollOnce();
  }
  private stopPolling() {
    clearInterval(this.polling);
    this.polling = undefined;
  }
  private async pollOnce() {
    for (const [name, { topic, users }] of this.topics) {
      if (users === 0) continue;
      try {
        const data = await poll(name);
        if (this.polling) topic.snapshot({ version: 0, data });
      } catch {
        // the next round asks again; the page shows meanwhile what it last heard, and that it is cut off
      }
    }
  }
  private setStatus(status: Status) {
    if (this.status === status) return;
    this.status = status;
    this.statusListeners.forEach((listener) => listener());
  }
}
