import { describe, expect, it } from 'vitest';
import { formatFor, latinDigits } from '../src/app/format';
import { type AgentRow, Topic } from '../src/app/live/topics';
import { talkOf } from '../src/features/archive/talk';
import { withFirst } from '../src/features/phone/codec';
import { gradeOf } from '../src/features/phone/quality';
import { changeOf, written } from '../src/features/reports/figures';
import { before, periodOf, query } from '../src/features/reports/period';

const agent = (code: string, state: string) => ({ code, name: '', state, since: '2026-11-24T10:00:00.000Z', queues: [] }) satisfies AgentRow;

describe('a topic', () => {
  it('takes deltas in order, changes the rows they name and leaves the others as they are', () => {
    const topic = new Topic();
    topic.snapshot({ version: 7, data: { agents: { a01: agent('a01', 'ready'), a02: agent('a02', 'ready') }, totals: { waiting: 1 } } });
    const untouched = topic.table('agents').get('a02');
    expect(topic.delta({ type: 'delta', topic: 'floor', version: 8, set: { agents: { a01: agent('a01', 'talking') } } })).toBe(true);
    expect(topic.table<AgentRow>('agents').get('a01')?.state).toBe('talking');
    expect(topic.table('agents').get('a02')).toBe(untouched);
    expect(topic.one('totals')).toEqual({ waiting: 1 });
  });
  it('says so when one is missing, and ignores one that is old', () => {
    const topic = new Topic();
    topic.snapshot({ version: 7, data: { agents: { a01: agent('a01', 'ready') } } });
    expect(topic.delta({ type: 'delta', topic: 'floor', version: 9, set: {} })).toBe(false);
    expect(topic.version).toBe(7);
    expect(topic.delta({ type: 'delta', topic: 'floor', version: 7, set: { agents: { a01: agent('a01', 'paused') } } })).toBe(true);
    expect(topic.table<AgentRow>('agents').get('a01')?.state).toBe('ready');
  });
  it('forgets rows that are gone', () => {
    const topic = new Topic();
    topic.snapshot({ version: 1, data: { waiting: { 17: { call: '17' } } } });
    topic.delta({ type: 'delta', topic: 'floor', version: 2, gone: { waiting: ['17'] } });
    expect(topic.table('waiting').size).toBe(0);
  });
  it('spells states one way', () => {
    const topic = new Topic();
    topic.snapshot({ version: 1, data: { agents: { a01: agent('a01', 'wrap_up') }, agent: { state: 'signed_out' } } });
    expect(topic.table<AgentRow>('agents').get('a01')?.state).toBe('wrap-up');
    expect(topic.one<AgentRow>('agent')?.state).toBe('signed-out');
  });
});

describe('writing', () => {
  const fa = formatFor({ language: 'fa', calendar: 'jalali' });
  const en = formatFor({ language: 'en', calendar: 'gregorian' });
  it('a date is Jalali in Persian, and may be in either calendar in either language', () => {
    expect(fa.date('2026-03-21T12:00:00Z')).toBe('۱۴۰۵/۰۱/۰۱');
    expect(en.date('2026-03-21T12:00:00Z')).toBe('2026-03-21');
    expect(formatFor({ language: 'en', calendar: 'jalali' }).date('2025-03-20T12:00:00Z')).toBe('1403/12/30'); // 1403 is a leap year
  });
  it('durations and digits are those of the language', () => {
    expect(fa.duration(65_000)).toBe('۱:۰۵');
    expect(en.duration(3_723_000)).toBe('1:02:03');
    expect(fa.digits('02188')).toBe('۰۲۱۸۸');
    expect(latinDigits('۰۹١2')).toBe('0912');
    expect([fa.setting('90s'), en.setting('1h')]).toEqual(['۹۰ ثانیه', '1 hr']);
  });
});

describe('periods', () => {
  const tuesday = new Date('2026-11-24T10:00:00');
  it('the week begins on Saturday in the Jalali calendar, on Monday in the other', () => {
    expect(periodOf('week', 'jalali', tuesday)).toEqual({ from: '2026-11-21', to: '2026-11-24' });
    expect(periodOf('week', 'gregorian', tuesday)).toEqual({ from: '2026-11-23', to: '2026-11-24' });
  });
  it('the month is the calendar’s own: Azar began on 22 November', () => {
    expect(periodOf('month', 'jalali', tuesday)).toEqual({ from: '2026-11-22', to: '2026-11-24' });
    expect(periodOf('month', 'gregorian', tuesday)).toEqual({ from: '2026-11-01', to: '2026-11-24' });
  });
  it('the period before is as long and ends the day before; the server’s end is not included', () => {
    expect(before({ from: '2026-11-21', to: '2026-11-24' })).toEqual({ from: '2026-11-17', to: '2026-11-20' });
    expect(query({ from: '2026-11-24', to: '2026-11-24' })).toEqual({ from: '2026-11-24', to: '2026-11-25' });
  });
});

describe('figures', () => {
  const format = formatFor({ language: 'en', calendar: 'gregorian' });
  it('a share of nothing is no figure', () => {
    expect(written('service_level_strict', { part: 0, whole: 0, permille: 0 }, format)).toBe('–');
    expect(written('service_level_strict', { part: 4, whole: 5, permille: 800 }, format)).toBe('80%');
    expect(written('asa_ms', 61_000, format)).toBe('1:01');
  });
  it('fewer abandons is better, more answers is better, more calls is neither', () => {
    expect(changeOf('abandoned', { abandoned: 5 }, { abandoned: 10 })).toEqual({ permille: -500, good: true });
    expect(changeOf('answered', { answered: 5 }, { answered: 10 })).toEqual({ permille: -500, good: false });
    expect(changeOf('offered', { offered: 5 }, { offered: 10 })?.good).toBeUndefined();
  });
});

describe('a recording', () => {
  it('shows who spoke, and the longest silence', () => {
    const talk = talkOf([90, 0, 90, 0, 0, 0, 0, 0, 0, 80, 70, 80], 6000);
    expect(talk).toEqual({ caller: 2 / 6, agent: 1 / 6, both: 1 / 6, silence: 2 / 6, longestSilence: { at_ms: 2000, length_ms: 2000 } });
  });
});

describe('the line', () => {
  it('is graded by loss, jitter and round trip', () => {
    expect([gradeOf(0, 5, 40), gradeOf(2, 5, 40), gradeOf(0, 40, 40), gradeOf(5, 0, 0), gradeOf(0, 0, 600)]).toEqual(['good', 'fair', 'fair', 'poor', 'poor']);
    expect(gradeOf(6, 5, 40, 'opus')).toBe('fair'); // error correction gives most of it back
  });
  it('speaks what stands first in the answer', () => {
    const sdp = (formats: string) => `v=0\r\na=ice-lite\r\nm=audio 10000 UDP/TLS/RTP/SAVPF ${formats}\r\na=mid:0\r\na=rtpmap:8 PCMA/8000\r\n`;
    expect(withFirst(sdp('8 111 126'), 111)).toBe(sdp('111 8 126'));
    expect(withFirst(sdp('8 111 126'), 8)).toBe(sdp('8 111 126'));
    for (const strange of [11, 96, NaN]) expect(withFirst(sdp('8 111 126'), strange)).toBe(sdp('8 111 126'));
    expect(withFirst('m=video 9 X 96 97\r\n', 97)).toBe('m=video 9 X 96 97\r\n');
  });
});
