// What every suite is made of: promises to people, pages with faults noted, the two languages, axe and widths.
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { axeSource, openChromium, openFirefox, picture, speaking } from './browser.mjs';
import { Centre, sleep, until } from './centre.mjs';
import { listen, toneFile } from './sound.mjs';

export const { values: options } = parseArgs({ options: { language: { type: 'string', default: 'fa' }, browser: { type: 'string', default: 'chromium' }, only: { type: 'string' }, pictures: { type: 'string' } } });
export const { language } = options;
const source = new URL('../../web/src/', import.meta.url);
const catalogue = (part) => JSON.parse(readFileSync(new URL(`${part}/${language}.json`, source), 'utf8'));
const texts = Object.assign({}, ...['app', ...readdirSync(new URL('features', source)).map((name) => `features/${name}`)].map(catalogue));
export const t = (key) => texts[key] ?? (() => { throw new Error(`no text ${key}`); })();
// A figure as the page writes it.
export const digits = (text) => (language === 'fa' ? String(text).replace(/[0-9]/g, (digit) => String.fromCharCode(0x06f0 + Number(digit))) : String(text));

export const customer_hertz = 1100;
export const agent_hertz = 700;

let failed = 0;
export async function promise(sentence, act) {
  if (options.only && !sentence.includes(options.only)) return;
  const began = Date.now();
  try {
    await act();
    console.log(`ok      ${((Date.now() - began) / 1000).toFixed(1).padStart(5)} s  ${sentence}`);
  } catch (error) {
    failed += 1;
    console.log(`not ok  ${((Date.now() - began) / 1000).toFixed(1).padStart(5)} s  ${sentence}\n        ${String(error.stack ?? error).split('\n').slice(0, 6).join('\n        ')}`);
    for (const [name, page] of Object.entries(pages)) await picture(page, `build/e2e/${language}-failed-${failed}-${name}.png`).catch(() => undefined);
  }
}
export function expect(holds, what) {
  if (!holds) throw new Error(what);
}

export const pages = {};
export const faults = [];
export let browser;
export let centre;

export async function open(name, { width = 1366, height = 820 } = {}) {
  const context = await browser.newContext({ viewport: { width, height }, permissions: ['microphone'], locale: language === 'fa' ? 'fa-IR' : 'en-GB', timezoneId: 'Asia/Tehran' });
  context.setDefaultTimeout(10_000);
  await context.addInitScript(...speaking(language));
  await context.addInitScript(listen);
  const page = await context.newPage();
  page.on('pageerror', (error) => faults.push(`${name}: ${error.message}`));
  pages[name] = page;
  return page;
}
export async function trySignIn(page, login, password) {
  await page.goto(`${centre.address}/app/sign-in`);
  await page.getByLabel(t('session.login')).fill(login);
  await page.getByLabel(t('session.password')).fill(password);
  await page.getByRole('button', { name: t('session.signIn') }).click();
}
export async function signIn(page, login, password = centre.password(login)) {
  await trySignIn(page, login, password);
  await page.waitForURL((url) => !url.pathname.endsWith('/sign-in'));
}
export const go = (page, path) => page.goto(`${centre.address}/app${path}`);
export const state = (page) => page.locator('[data-state][role=status]').getAttribute('data-state');
export const inState = (page, wanted) => until(`the agent is ${wanted}`, async () => (await state(page).catch(() => '')) === wanted);

// Serious and critical findings only; the rule list is axe's own.
export async function accessible(page, what) {
  await sleep(350); // what fades in has not its colours yet
  await page.addScriptTag({ path: axeSource() }).catch(async () => page.evaluate(readFileSync(axeSource(), 'utf8'))); // our own page refuses foreign script tags
  const found = await page.evaluate(async () => (await window.axe.run(document, { resultTypes: ['violations'] })).violations.filter(({ impact }) => impact === 'serious' || impact === 'critical').map(({ id, nodes }) => `${id}: ${nodes[0].html.slice(0, 160)} (${nodes.length}) ${nodes[0].any?.[0]?.message ?? ''}`));
  expect(found.length === 0, `${what}: ${found.join('\n')}`);
}
export async function fits(page, what) {
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
  expect(wide <= 0, `${what} is ${wide} px wider than the window`);
}

// A suite: a centre of its own, a browser, and an answer for ctest.
export async function suite(run, kind = {}) {
  try {
    centre = await Centre.open(kind);
    browser = options.browser === 'firefox' ? await openFirefox() : await openChromium({ microphone: toneFile(join(centre.folder, 'agent.wav'), agent_hertz) });
    await run();
    await promise('no page threw an error', () => expect(faults.length === 0, faults.join('\n')));
  } catch (error) {
    failed += 1;
    console.log(String(error.stack ?? error));
  } finally {
    await browser?.close().catch(() => undefined);
    await centre?.close();
  }
  process.exit(failed > 0 ? 1 : 0);
}
