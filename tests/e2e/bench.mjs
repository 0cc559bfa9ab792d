// usage: node tests/e2e/bench.mjs        prints one line of JSON for bench/run
// How soon the desk can be used on a slow machine (CPU throttled four times), and how soon a change of the floor is on the screen of a
// wallboard with 5,000 agents and 500 queues of which 50 rows change ten times a second. Both in Chromium.
import { openChromium, speaking } from './browser.mjs';
import { Centre } from './centre.mjs';
import { join } from 'node:path';
import { toneFile } from './sound.mjs';
import { sizes } from '../../web/scripts/sizes.mjs';

const percentile = (values, part) => [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * part))];

const centre = await Centre.open();
const browser = await openChromium({ microphone: toneFile(join(centre.folder, 'agent.wav'), 700, { seconds: 1 }) });

async function signedIn(login) {
  const context = await browser.newContext({ viewport: { width: 1366, height: 820 } });
  await context.addInitScript(...speaking('fa'));
  await context.request.post(`${centre.address}/v1/sessions`, { data: { login, password: centre.password(login), cookie: true }, headers: { 'X-Pasokh': '1', Origin: centre.address } });
  return context.newPage();
}

async function deskInteractive() {
  const page = await signedIn('a01');
  const slow = await page.context().newCDPSession(page);
  await slow.send('Emulation.setCPUThrottlingRate', { rate: 4 });
  const times = [];
  for (let round = 0; round < 5; round++) {
    await slow.send('Network.setCacheDisabled', { cacheDisabled: round === 0 });
    await page.goto(`${centre.address}/app/desk`, { waitUntil: 'commit' });
    times.push(await page.evaluate(() => new Promise((done) => {
      const look = () => (document.querySelector('[data-testid=state-bar] button:not([disabled])') ? requestAnimationFrame(() => done(performance.now())) : setTimeout(look, 10));
      look();
    })));
  }
  await page.context().close();
  return { cold_ms: Math.round(times[0]), warm_p50_ms: Math.round(percentile(times.slice(1), 0.5)) };
}

async function wallboard() {
  const page = await signedIn('supervisor');
  await page.addInitScript(() => {
    const agents = 5000;
    const queues = 500;
    const states = ['ready', 'talking', 'wrap-up', 'paused', 'offered'];
    const agentRow = (i, n) => ({ code: `a${String(i).padStart(4, '0')}`, name: `کارشناس ${i}`, state: states[(i + n) % 5], since: new Date().toISOString(), queues: [`q${i % queues}`, `q${(i + 7) % queues}`], calls_today: n, balance: ((i * 7 + n) % 30) / 10 - 1.5 });
    const queueRow = (i, n) => ({ code: `q${i}`, name: `صف ${i}`, waiting: i === 0 ? 100_000 + n : (i + n) % 5, longest_since: new Date().toISOString(), ready: 3, on_duty: 10, talking: 5, service_level_today: 812, offered_today: 100 + n, answered_today: 90, abandoned_today: 4 });
    const table = (count, row, n) => Object.fromEntries(Array.from({ length: count }, (_, i) => { const made = row(i, n); return [made.code, made]; }));
    const sent = new Map();
    window.latencies = [];
    window.WebSocket = class {
      static OPEN = 1;
      readyState = 1;
      constructor() { setTimeout(() => this.onopen?.({}), 0); }
      close() {}
      say(frame) { this.onmessage?.({ data: JSON.stringify(frame) }); }
      send(text) {
        const { type, topic } = JSON.parse(text);
        if (type !== 'subscribe' || topic !== 'floor') return;
        this.say({ type: 'snapshot', topic, version: 0, data: { agents: table(agents, agentRow, 0), queues: table(queues, queueRow, 0), waiting: {}, totals: {} } });
        let version = 0;
        setInterval(() => {
          version += 1;
          const set = { agents: {}, queues: { q0: queueRow(0, version) } };
          for (let i = 0; i < 45; i++) { const row = agentRow((version * 45 + i) % agents, version); set.agents[row.code] = row; }
          for (let i = 1; i < 5; i++) { const row = queueRow((version * 5 + i) % queues || 1, version); set.queues[row.code] = row; }
          const data = JSON.stringify({ type: 'delta', topic, version, set });
          sent.set(100_000 + version, performance.now());
          this.onmessage?.({ data });
        }, 100);
      }
    };
    const latin = (text) => Number(text.replace(/[۰-۹]/g, (d) => d.charCodeAt(0) - 0x6f0).replace(/\D/g, ''));
    const watch = () => {
      const row = document.querySelector('[data-row=q0] [role=cell]:nth-child(2)');
      if (!row) return setTimeout(watch, 50);
      let last;
      const look = () => {
        const now = latin(document.querySelector('[data-row=q0] [role=cell]:nth-child(2)')?.textContent ?? '');
        if (now !== last && sent.has(now)) window.latencies.push(performance.now() - sent.get(now));
        last = now;
        requestAnimationFrame(look);
      };
      look();
    };
    document.addEventListener('DOMContentLoaded', watch);
  });
  await page.goto(`${centre.address}/app/floor`);
  await page.waitForFunction(() => window.latencies.length > 150, undefined, { timeout: 60_000, polling: 500 });
  const latencies = await page.evaluate(() => window.latencies.slice(20));
  const drawn = await page.evaluate(() => document.querySelectorAll('[role=row]').length);
  await page.context().close();
  return { p50_ms: Math.round(percentile(latencies, 0.5)), p95_ms: Math.round(percentile(latencies, 0.95)), rows_drawn: drawn };
}

try {
  const console_ = { ...sizes('build/console'), desk_interactive_4x: await deskInteractive(), wallboard_5000_agents: await wallboard() };
  console.log(JSON.stringify({ console: console_ }));
} finally {
  await browser.close();
  await centre.close();
}
