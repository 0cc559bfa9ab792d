// A topic as the server tells it: one snapshot, then numbered deltas. A number that does not follow means that we missed something
// and must ask again. Rows stand in maps that are changed in place: five thousand rows are never copied for one that moved.

export interface AgentRow {
  code: string;
  name: string;
  state: string; // signed-out | ready | paused | offered | talking | wrap-up
  reason?: string;
  since: string;
  call?: string;
  device?: string;
  queues: string[];
  calls_today?: number;
  balance?: number; // calls owed; below 0: had more than the share
  report_due?: string; // the call whose report they owe
}
export interface QueueRow {
  code: string;
  name: string;
  waiting: number;
  longest_since?: string | null;
  ready?: number;
  on_duty?: number;
  talking?: number;
  service_level_today?: number | null; // permille
  offered_today?: number;
  answered_today?: number;
  abandoned_today?: number;
}
export interface WaitingRow {
  call: string;
  caller: string;
  queue: string;
  since: string;
  position: number;
  priority: number;
  contact?: string;
}
export interface CallRow {
  call: string;
  caller: string;
  number: string;
  queue: string;
  agent: string;
  state: string; // ringing | queued | offered | talking | held …
  direction: string;
  arrived: string;
  since: string;
  answered: boolean;
  recording: boolean;
  held?: boolean;
  contact?: string; // the caller's name, when it is in the contacts
  queue_name?: string;
}
export type Today = Record<string, number>;

export type Row = AgentRow | QueueRow | WaitingRow | CallRow;
type Data = Record<string, unknown>;
export interface Snapshot {
  type: 'snapshot';
  topic: string;
  version: number;
  data: Data;
}
export interface Delta {
  type: 'delta';
  topic: string;
  version: number;
  set?: Data;
  gone?: Record<string, string[]>;
}

const tables = new Set(['agents', 'queues', 'waiting', 'calls']);

export class Topic {
  version = -1;
  changes = 0; // grows at each change; what React compares
  private readonly rows = new Map<string, Map<string, Row>>();
  private readonly single = new Map<string, unknown>();
  private readonly listeners = new Set<() => void>();

  table<R extends Row>(name: string): Map<string, R> {
    let table = this.rows.get(name);
    if (!table) this.rows.set(name, (table = new Map()));
    return table as Map<string, R>;
  }
  one<T>(name: string): T | undefined {
    return this.single.get(name) as T | undefined;
  }

  snapshot({ version, data }: Pick<Snapshot, 'version' | 'data'>) {
    this.rows.clear();
    this.single.clear();
    this.put(data);
    this.version = version;
    this.changed();
  }

  // false: something is missing between what we have and this
  delta({ version, set = {}, gone = {} }: Delta): boolean {
    if (this.version < 0 || version !== this.version + 1) return version <= this.version;
    this.put(set);
    for (const [name, keys] of Object.entries(gone)) for (const key of keys) this.table(name).delete(key);
    this.version = version;
    this.changed();
    return true;
  }

  subscribe = (listener: () => void) => {
    this.listeners.add(listener);
    return () => {
      this.listeners.delete(listener);
    };
  };
  read = () => this.changes;

  private put(data: Data) {
    for (const [name, value] of Object.entries(data)) {
      if (!tables.has(name)) this.single.set(name, plain(value));
      else for (const [key, row] of Object.entries(value as Record<string, Row>)) this.table(name).set(key, plain(row));
    }
  }
  private changed() {
    this.changes += 1;
    this.listeners.forEach((listener) => listener());
  }
}

// One spelling of states (REST writes signed_out and wrap_up as the journal does), and an empty text where the server leaves one out.
function plain<T>(row: T): T {
  const stated = row as { state?: unknown };
  if (typeof stated?.state !== 'string') return row;
  return { caller: '', number: '', queue: '', agent: '', ...row, state: stated.state.replace('_', '-') };
}
