// usage: node tests/e2e/firefox.mjs --language fa|en --browser firefox
// One real call in Firefox ESR: accepted at the desk, heard on both sides, written down.
import { join } from 'node:path';
import { speaking } from './browser.mjs';
import { until } from './centre.mjs';
import { browser, centre, customer_hertz, expect, faults, language, pages, promise, suite, t } from './harness.mjs';
import { alawOf, readWav, share, tapFrames, toneFile } from './sound.mjs';

await suite(async () => {
  const context = await browser.createBrowserContext();
  const page = await context.newPage();
  pages.firefox = page;
  page.setDefaultTimeout(15_000);
  await page.setViewport({ width: 1280, height: 800 });
  page.on('pageerror', (error) => faults.push(error.message));
  const press = async (name) => { // Firefox's BiDi finds nothing by an accessible name
    let found;
    await until(`the button ${name}`, async () => { for (const button of await page.$$('button')) if ((await button.evaluate((each) => each.textContent)).includes(name)) found = button; return found !== undefined; });
    return found.click();
  };

  await promise('Firefox: sign-in, the desk, and the microphone', async () => {
    await page.evaluateOnNewDocument(...speaking(language));
    await page.evaluateOnNewDocument(tapFrames);
    await page.goto(`${centre.address}/app/sign-in`);
    await page.locator('input[autocomplete=username]').fill('a02');
    await page.locator('input[type=password]').fill(centre.password('a02'));
    await page.locator('button[type=submit]').click();
    await page.waitForSelector('[data-testid=state-bar]');
    await press(t('phone.use'));
    await page.waitForSelector('[role=dialog]');
    await page.locator('[role=dialog] button.MuiButton-contained').click();
    await page.waitForSelector('[data-testid=phone][data-seat=here]');
  });

  await promise('Firefox: a real call is answered by a key; both hear each other; the desk shows it; it ends', async () => {
    await page.locator('[aria-keyshortcuts="Alt+R"]').click();
    await until('ready', () => page.evaluate(() => document.querySelector('[role=status][data-state]')?.dataset.state === 'ready'));
    const customer = centre.customer('8000', '--from', '09357654321', '--play', toneFile(join(centre.folder, 'customer.wav'), customer_hertz, { seconds: 60, rate: 8000 }), '--record', join(centre.folder, 'heard.wav'), '--seconds', '15');
    await page.waitForSelector('[data-testid=ringing]', { timeout: 20_000 });
    await page.keyboard.down('Alt');
    await page.keyboard.press('KeyA');
    await page.keyboard.up('Alt');
    await page.waitForSelector('[data-testid=talking][data-state=talking]');
    let mine = 0; // the notice comes first, to both; then the tone alone
    await until('the page hears the customer’s tone', async () => {
      const frames = await page.evaluate(() => window.heardFrames.slice(-75));
      mine = frames.length < 75 ? 0 : share(alawOf(frames), customer_hertz);
      return mine > 0.8;
    }, 12);
    await customer.ended;
    const heard = readWav(join(centre.folder, 'heard.wav'));
    const loud = Math.sqrt(heard.samples.reduce((sum, each) => sum + each * each, 0) / heard.samples.length);
    expect(loud > 200, `the customer heard the agent's fake microphone (${loud.toFixed(0)})`);
    await until('wrap-up', () => page.evaluate(() => document.querySelector('[role=status][data-state]')?.dataset.state === 'wrap-up'));
  });
}, { everywhere: true });
