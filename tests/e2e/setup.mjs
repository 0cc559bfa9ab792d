// usage: node tests/e2e/setup.mjs --language fa|en [--only WORD] [--pictures DIR]
// From an empty folder to a first answered call, and what an administrator sets up afterwards. Keyboard, both colour schemes, axe.
import { truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { sleep, until } from './centre.mjs';
import { accessible, centre, digits, expect, fits, go, inState, language, open, options, promise, signIn, suite, t } from './harness.mjs';
import { toneFile } from './sound.mjs';
import { picture } from './browser.mjs';

const admin_password = 'a long password 1';
const agent_password = 'a long password 2';
async function choosePassword(page, present, wanted) {
  await page.getByText(t('session.changeSays')).waitFor();
  const fields = page.locator('input[type=password]');
  for (const [index, text] of [present, wanted, wanted].entries()) await fields.nth(index).fill(text);
  await sleep(1500); // whatever comes in meanwhile takes nothing away of what was typed
  expect((await fields.nth(2).inputValue()) === wanted, 'what was typed stays');
  await page.getByRole('button', { name: t('app.save') }).click();
  await until('the way on after the password', () => !page.url().endsWith('/password'), 20);
}

await suite(async () => {
  const [admin, agent] = [await open('admin', { height: 768 }), await open('agent', { height: 768 })];
  const files = {};
  const file = (name, bytes) => (writeFileSync((files[name] = join(centre.folder, name)), bytes), files[name]);

  await promise('from an empty folder to a first answered call in five minutes', async () => {
    const began = Date.now();
    await signIn(admin, 'admin');
    await admin.getByText(t('session.changeSays')).waitFor();
    await choosePassword(admin, centre.password('admin'), admin_password);
    await admin.getByTestId('wizard').waitFor(); // a centre without queues opens with the wizard
    const next = () => admin.getByRole('button', { name: t('admin.wizard.next'), exact: true }).last().click();
    await accessible(admin, 'wizard');
    for (const step of ['queue', 'number', 'agent', 'phone']) {
      await admin.getByText(t(`admin.wizard.${step}Says`)).waitFor();
      await sleep(400); // the step before folds up
      await next();
    }
    const given = await admin.getByTestId('first-agent').locator('bdi').allTextContents();
    await signIn(agent, given[0], given[1]);
    await choosePassword(agent, given[1], agent_password);
    await agent.getByTestId('state-bar').waitFor();
    await agent.getByTestId('phone').getByRole('button', { name: t('phone.use') }).click();
    await agent.getByRole('dialog').getByRole('button', { name: t('phone.use') }).click();
    await agent.getByText(t('phone.ready')).waitFor();
    await agent.keyboard.press('Alt+KeyR');
    await inState(agent, 'ready');
    await admin.getByRole('button', { name: t('admin.wizard.makePhone') }).click();
    await admin.getByTestId('calling-phone').waitFor();
    const [user, password] = await admin.getByTestId('calling-phone').locator('bdi').allTextContents();
    await accessible(admin, 'the last step');
    const caller = centre.spawn('call', '8000', '--user', user, '--password', password, '--to', centre.sip, '--seconds', '4');
    await agent.getByTestId('ringing').waitFor({ timeout: 20_000 }).catch((error) => { throw new Error(`${error.message}\n${caller.said}`); });
    await agent.keyboard.press('Alt+KeyA');
    await admin.getByText(t('admin.wizard.answered')).waitFor();
    const seconds = (Date.now() - began) / 1000;
    console.log(`        ${seconds.toFixed(0)} s from the first sign-in to the answered call`);
    expect(seconds < 300, 'five minutes');
    await until('the caller has hung up', () => caller.exitCode !== null, 20);
    await admin.getByRole('button', { name: t('admin.wizard.done') }).click();
    await admin.getByTestId('doctor').locator('li').first().waitFor();
  });

  await promise('a prompt is uploaded, recorded in the browser and spoken; played; used, and its use is shown', async () => {
    await go(admin, '/administration/prompts');
    const add = async (way, name, make) => {
      await admin.getByRole('button', { name: t('app.add') }).click();
      const dialog = admin.getByRole('dialog');
      await dialog.getByRole('button', { name: t(`admin.promptBy.${way}`), exact: true }).click();
      await dialog.getByLabel(t('field.name')).fill(name);
      await make(dialog);
      await accessible(admin, `prompt by ${way}`);
      await dialog.getByRole('button', { name: t('app.save') }).click();
      await admin.getByTestId('prompts').getByRole('rowheader', { name }).first().waitFor();
      await dialog.waitFor({ state: 'detached' });
    };
    toneFile((files.tone = join(centre.folder, 'tone.wav')), 440, { seconds: 2, rate: 8000 });
    await add('file', 'closed-today', (dialog) => dialog.locator('input[type=file]').setInputFiles(files.tone));
    await add('record', 'recorded', async (dialog) => {
      await dialog.getByRole('button', { name: t('admin.promptRecord'), exact: true }).click();
      await sleep(1500);
      await dialog.getByRole('button', { name: t('admin.promptStop'), exact: true }).click();
      await dialog.locator('audio').waitFor();
    });
    await add('speech', 'spoken', (dialog) => dialog.getByLabel(t('admin.promptText')).fill(language === 'fa' ? 'امروز تعطیل هستیم.' : 'We are closed today.'));
    const rows = admin.getByTestId('prompts');
    await rows.getByRole('button', { name: `${t('admin.listen')}: recorded` }).click();
    await rows.getByRole('button', { name: `${t('admin.stop')}: recorded` }).waitFor();
    await admin.evaluate(() => fetch('/v1/numbers/8000', { method: 'PATCH', headers: { 'X-Pasokh': '1', 'Content-Type': 'application/json' }, body: '{"closed":"closed-today"}' }));
    await go(admin, '/administration/prompts');
    await rows.getByRole('row', { name: /closed-today/ }).getByText(digits('8000')).waitFor();
    await accessible(admin, 'prompts');
  });

  await promise('a file that is no sound, and one of 200 MB: a clear word before anything is sent, and the server refuses them too', async () => {
    await go(admin, '/administration/prompts');
    await admin.getByRole('button', { name: t('app.add') }).click();
    const dialog = admin.getByRole('dialog');
    await dialog.getByLabel(t('field.name')).fill('wrong');
    await dialog.locator('input[type=file]').setInputFiles(file('letter.wav', 'Dear Sir or Madam, this is no sound at all.'));
    await dialog.getByText(t('admin.promptNoSound').replace('{name}', 'letter.wav')).waitFor();
    await accessible(admin, 'no sound');
    expect(await dialog.getByRole('button', { name: t('app.save') }).isDisabled(), 'nothing to save');
    truncateSync(file('huge.wav', Buffer.concat([Buffer.from('RIFF'), Buffer.alloc(4), Buffer.from('WAVE')])), 200 * 1024 * 1024);
    await dialog.locator('input[type=file]').setInputFiles(files['huge.wav']);
    await dialog.getByText(t('admin.promptTooLarge').replace('{size}', digits('200'))).waitFor();
    await dialog.locator('input[type=file]').setInputFiles(files.tone); // the way on
    await dialog.locator('audio').waitFor();
    await dialog.getByRole('button', { name: t('app.cancel') }).click();
    const answers = await admin.evaluate(async () => {
      const put = (body) => fetch('/v1/prompts/wrong?language=fa', { method: 'PUT', headers: { 'X-Pasokh': '1', 'Content-Type': 'audio/wav' }, body }).then(({ status }) => status, () => 'cut off');
      const megabyte = new Uint8Array(1 << 20);
      return [await put(new Blob(['Dear Sir or Madam, this is no sound at all.'])), await put(new Blob(Array.from({ length: 200 }, () => megabyte)))];
    });
    expect([415, 422].includes(answers[0]) && [413, 'cut off'].includes(answers[1]), `the server's answers: ${answers}`);
    await go(admin, '/administration/health');
    await admin.getByText(t('admin.healthy')).waitFor();
  });

  await promise('a token lets a program in until it is ended; a webhook tells its secret once', async () => {
    await go(admin, '/administration/programs');
    await admin.getByRole('button', { name: t('admin.tokenNew') }).click();
    await admin.getByRole('dialog').getByLabel(t('field.name')).fill('crm');
    await accessible(admin, 'new token');
    await admin.getByRole('dialog').getByRole('button', { name: t('app.add') }).click();
    const token = (await admin.getByTestId('secret').textContent()).trim();
    const asked = () => fetch(`${centre.address}/v1/reports/queues`, { headers: { Authorization: `Bearer ${token}` } }).then(({ status }) => status);
    expect((await asked()) === 200, 'the token opens the reports');
    await admin.getByTestId('tokens').getByRole('button', { name: t('admin.tokenEnd') }).click();
    await admin.getByRole('dialog').getByRole('button', { name: t('app.yes') }).click();
    await admin.getByText(t('admin.tokensNone')).waitFor();
    expect((await asked()) === 401, 'an ended token opens nothing');
    await admin.getByRole('button', { name: t('admin.webhookNew') }).click();
    const dialog = admin.getByRole('dialog');
    await dialog.getByLabel(t('admin.webhookUrl')).fill('https://crm.example.ir/pasokh');
    await dialog.getByRole('button', { name: t('app.add') }).click();
    await dialog.getByRole('alert').waitFor(); // a host that pasokh.toml does not name is refused, in words
    await accessible(admin, 'webhook refused');
    await dialog.getByRole('button', { name: t('app.cancel') }).click();
    await accessible(admin, 'programs');
  });

  await promise('a phone is set up by a QR code whose link opens once', async () => {
    await go(admin, '/administration/devices');
    await admin.getByRole('button', { name: `${t('admin.provisioning')}: 900` }).click();
    const dialog = admin.getByRole('dialog');
    await dialog.getByRole('button', { name: t('admin.provisioningMake') }).click();
    const qr = dialog.getByTestId('qr').getByRole('img');
    await qr.waitFor();
    expect(await qr.evaluate((image) => image.complete && image.naturalWidth > 0), 'the QR code is drawn');
    await accessible(admin, 'provisioning');
    if (options.pictures) await picture(admin, join(options.pictures, `provisioning-${language}.png`));
    const link = await dialog.getByRole('link').getAttribute('href');
    const phone = await open('mobile', { width: 400, height: 780 });
    await phone.goto(link);
    await phone.getByRole('button').first().click();
    await phone.getByText('900').first().waitFor();
    await fits(phone, 'provisioning page');
    await phone.goto(link);
    expect((await phone.getByText('900').count()) === 0, 'a used link shows nothing');
    await phone.close();
  });

  await promise('thresholds of the centre and of a queue; an alarm comes to the floor by itself, is seen, and is over', async () => {
    await go(admin, '/administration/alarms');
    const table = admin.getByTestId('thresholds');
    await table.getByRole('button', { name: `${t('app.edit')}: support` }).click();
    const dialog = admin.getByRole('dialog');
    const choose = async (label, figure) => {
      await dialog.getByRole('combobox', { name: label }).click();
      await admin.getByRole('option', { name: t('admin.alarmOwn') }).click();
      await dialog.getByRole('textbox').last().fill(figure);
    };
    await choose(t('admin.alarm_waiting'), '1');
    await choose(t('admin.alarm_after'), '1');
    await accessible(admin, 'thresholds');
    await dialog.getByRole('button', { name: t('app.save') }).click();
    await dialog.waitFor({ state: 'detached' });
    if (options.pictures) await picture(admin, join(options.pictures, `alarms-${language}.png`));
    await accessible(admin, 'alarms');
    const made = await admin.evaluate(() => fetch('/v1/users', { method: 'POST', headers: { 'X-Pasokh': '1', 'Content-Type': 'application/json' }, body: '{"login":"lead","role":"supervisor"}' }).then((answer) => answer.json()));
    const lead = await open('lead', { height: 768 });
    await signIn(lead, 'lead', made.password);
    await choosePassword(lead, made.password, 'a long password 3');
    await go(lead, '/floor');
    await agent.getByRole('button', { name: t('desk.out') }).click();
    await inState(agent, 'signed-out');
    await lead.getByTestId('totals').waitFor();
    const device = await admin.evaluate(() => fetch('/v1/devices/901', { method: 'PUT', headers: { 'X-Pasokh': '1', 'Content-Type': 'application/json' }, body: '{"name":"caller","password":"caller password"}' }).then(({ status }) => status));
    expect(device === 200, `device: ${device}`);
    const caller = centre.spawn('call', '8000', '--user', '901', '--password', 'caller password', '--to', centre.sip, '--seconds', '60');
    const waits = lead.locator('[data-testid=alarm][data-code=waiting]');
    await waits.waitFor({ timeout: 15_000 });
    await accessible(lead, 'floor in alarm');
    await waits.getByRole('button', { name: t('app.seen') }).click();
    await waits.waitFor({ state: 'detached' });
    await centre.end(caller);
    await go(lead, '/alarms');
    const row = lead.getByTestId('alarms').getByRole('row').filter({ hasText: 'lead' });
    await row.waitFor();
    await until('the alarm is over', async () => (await lead.locator('[data-testid=alarms] [data-standing=false]').count()) > 0, 20);
    await accessible(lead, 'list of alarms');
    await lead.close();
  });

  await promise('a report goes by e-mail on a schedule: made, changed, kept, stopped', async () => {
    await go(admin, '/reports');
    await admin.getByRole('tab', { name: t('reports.mails') }).click();
    await admin.getByText(t('reports.mailsNone')).waitFor();
    await admin.getByRole('button', { name: t('reports.mailNew') }).click();
    const dialog = admin.getByRole('dialog');
    await dialog.getByLabel(t('field.name')).fill('هر بامداد');
    await dialog.getByRole('combobox', { name: t('reports.mailTo') }).fill('head@example.ir');
    await accessible(admin, 'schedule');
    await dialog.getByRole('button', { name: t('app.save') }).click();
    const rows = admin.getByTestId('schedules');
    await rows.getByText('head@example.ir').waitFor();
    await rows.getByText(t('reports.mailNext')).waitFor();
    await accessible(admin, 'schedules');
    await rows.getByRole('button', { name: new RegExp(t('app.delete')) }).click();
    await admin.getByRole('dialog').getByRole('button', { name: t('app.yes') }).click();
    await admin.getByText(t('reports.mailsNone')).waitFor();
    await go(admin, '/administration/mail');
    await admin.getByText(t('admin.mailOff')).waitFor();
    await accessible(admin, 'mail');
  });

  await promise('each page in dark colours and in 400 px: nothing serious for axe, nothing wider than the window', async () => {
    await admin.setViewportSize({ width: 400, height: 780 });
    await admin.evaluate(() => localStorage.setItem('pasokh.preferences', JSON.stringify({ ...JSON.parse(localStorage.getItem('pasokh.preferences')), scheme: 'dark' })));
    await admin.addInitScript(() => { const kept = JSON.parse(localStorage.getItem('pasokh.preferences') ?? '{}'); localStorage.setItem('pasokh.preferences', JSON.stringify({ ...kept, scheme: 'dark' })); });
    for (const page of ['/administration/prompts', '/administration/programs', '/administration/alarms', '/administration/mail', '/administration/devices', '/administration/health', '/administration/audit', '/administration/users', '/alarms', '/reports', '/contacts', '/account']) {
      await go(admin, page);
      await admin.locator('main h1, main h2').first().waitFor();
      await fits(admin, page);
      await accessible(admin, `${page}, dark`);
    }
    await agent.setViewportSize({ width: 400, height: 780 });
    await go(agent, '/desk');
    await fits(agent, '/desk');
  });

  await promise('the desk by keyboard alone: first to the content, then in the order of the eye, and every key is listed', async () => {
    await agent.setViewportSize({ width: 1366, height: 768 });
    await go(agent, '/desk');
    await agent.getByTestId('state-bar').waitFor();
    const order = [];
    for (let presses = 0; presses < 24; presses++) {
      await agent.keyboard.press('Tab');
      const at = await agent.evaluate(() => { const { x, y, width, height } = document.activeElement.getBoundingClientRect(); return { name: document.activeElement.getAttribute('aria-label') || document.activeElement.textContent.trim(), region: document.activeElement.closest('header, nav, main')?.tagName ?? '', seen: width > 0 && height > 0 && y < innerHeight && x < innerWidth }; });
      order.push(at);
      if (at.name === t('desk.ready')) break;
    }
    expect(order.every(({ seen }) => seen), `focus where nobody sees it: ${JSON.stringify(order.filter(({ seen }) => !seen))}`);
    expect(order.at(-1).name === t('desk.ready'), `Ready is reached by Tab: ${order.map(({ name }) => name).join(' > ')}`);
    await agent.keyboard.press('Enter');
    await inState(agent, 'ready');
    await agent.keyboard.press('?');
    await agent.getByRole('dialog').locator('kbd').first().waitFor();
    const keys = await agent.getByRole('dialog').locator('kbd').allTextContents();
    for (const key of ['Alt + R', 'Alt + P', 'Alt + L', 'Alt + O', '?']) expect(keys.some((each) => each.trim() === key), `${key} is listed: ${keys}`);
    await agent.keyboard.press('Escape');
    await agent.keyboard.press('Alt+KeyP');
    await agent.keyboard.press('ArrowDown');
    await agent.keyboard.press('Enter');
    await inState(agent, 'paused');
  });
}, { demo: false });
