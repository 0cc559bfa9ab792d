// usage: node tests/e2e/bench.mjs        prints one line of JSON for bench/run
// How soon the desk can be used on a slow machine (CPU throttled four times), and how soon a change of the floor is on the screen of a
// wallboard: the real server with 5,000 agents and 500 queues, 500 changes a second (bench_wallboard), from before the command that
// changes an agent's state, through journal, follower, socket and page, to the frame after the one that shows it. Both in Chromium.
import { spawn } from 'node:child_process';
import { openChromium, speaking } from './browser.mjs';
import { Centre, sleep, until } from './centre.mjs';
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
  return { desk_interactive_ms: Math.round(times[0]), desk_interactive_again_ms: Math.round(percentile(times.slice(1), 0.5)) };
}

async function wallboard(seconds = 30) {
  const life = spawn(process.env.PASOKH_WALLBOARD ?? 'build/bench_wallboard', [centre.data, String(seconds + 60)], { stdio: ['ignore', 'pipe', 'inherit'] });
  let said = '';
  life.stdout.on('data', (text) => (said += text));
  try {
    await until('5,000 agents have signed in', () => said.startsWith('ready') || (life.exitCode !== null && Promise.reject(new Error('bench_wallboard ended'))), 120);
    const page = await signedIn('supervisor');
    await page.goto(`${centre.address}/app/floor`);
    await page.waitForSelector('[data-row="000"]', { timeout: 60_000 });
    await page.evaluate(() => {
      window.seen = [];                     // [number of the round, when it was on the screen]
      const latin = (text) => Number(text.replace(/[۰-۹]/g, (d) => d.charCodeAt(0) - 0x6f0).replace(/\D/g, ''));
      let last = 0;
      const look = () => {
        const now = latin(document.querySelector('[data-row="000"] [role=cell]:nth-child(2)')?.textContent ?? '');
        if (now !== last) requestAnimationFrame(() => window.seen.push([now, Date.now()]));
        last = now;
        requestAnimationFrame(look);
      };
      look();
    });
    await sleep(seconds * 1000);
    const seen = await page.evaluate(() => window.seen);
    const drawn = await page.evaluate(() => document.querySelectorAll('[role=row]').length);
    await page.context().close();
    // A round that is not shown because the next one came with it is on the screen with that one.
    const asked = said.split('\n').slice(1).map((line) => line.split(' ').map(Number)).filter(([round, at]) => at && round > seen[10][0] && round <= seen.at(-1)[0]);
    const latencies = asked.map(([round, at]) => seen.find(([shown]) => shown >= round)[1] - at / 1000);
    if (latencies.length < seconds * 5) throw new Error(`only ${latencies.length} rounds came to the screen`);
    return { wallboard_latency_ms_p50: Math.round(percentile(latencies, 0.5)), wallboard_latency_ms_p95: Math.round(percentile(latencies, 0.95)), wallboard_rows_drawn: drawn };
  } finally {
    life.kill();
  }
}

try {
  const { desk_first_load_gz_bytes, fonts_bytes } = sizes('build/console');
  const kb = (bytes) => Math.round(bytes / 100) / 10;
  console.log(JSON.stringify({ desk_first_load_kb: kb(desk_first_load_gz_bytes), fonts_kb: kb(fonts_bytes), ...(await deskInteractive()), ...(await wallboard()) }));
} finally {
  await browser.close();
  await centre.close();
}
