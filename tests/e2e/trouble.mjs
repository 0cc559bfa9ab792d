// usage: node tests/e2e/trouble.mjs --language fa|en [--only WORD]
// Calls that are passed on, and everything that goes wrong at a desk: each has a clear word and a way on.
import { createHmac } from 'node:crypto';
import { createServer, request } from 'node:http';
import { join } from 'node:path';
import { sleep, until } from './centre.mjs';
import { accessible, agent_hertz, centre, customer_hertz, digits, expect, go, inState, open, pages, promise, signIn, state, suite, t, trySignIn } from './harness.mjs';
import { hearingOf, readWav, share, toneFile } from './sound.mjs';

const talking = '[data-testid=talking][data-state=talking]';
const call = (page, wanted) => page.locator(`[data-testid=call][data-state=${wanted}]`);
let heard = 0;
// A customer who says a tone and keeps what is heard.
function customer(number, seconds, ...options) {
  const file = join(centre.folder, `heard-${++heard}.wav`);
  const child = centre.customer(number, '--from', '09357654321', '--play', toneFile(join(centre.folder, 'customer.wav'), customer_hertz, { seconds: 60, rate: 8000 }), '--record', file, '--seconds', String(seconds), ...options);
  child.heard = () => readWav(file);
  return child;
}
async function takePhone(page, login) {
  await signIn(page, login);
  await page.getByTestId('phone').getByRole('button', { name: t('phone.use') }).click();
  await page.getByRole('dialog').getByRole('button', { name: t('phone.use') }).click();
  await page.getByText(t('phone.ready')).waitFor();
}
// Calls come to nobody else.
async function alone(agent) {
  for (const { agent: code, state: now } of await centre.ask('supervisor', 'GET', '/v1/agents')) if (code !== agent && now !== 'signed_out') await centre.command('agent', 'out', code).catch(() => undefined);
}
const hears = (page, hertz, who) => until(`${who} is heard`, async () => (await page.evaluate(hearingOf, hertz)) > 0.6);

// RFC 6238 as an authenticator app does it.
function codeOf(secret, step = Math.floor(Date.now() / 30_000)) {
  const bits = [...secret.replace(/\s/g, '')].map((letter) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(letter).toString(2).padStart(5, '0')).join('');
  const key = Buffer.from(bits.match(/.{8}/g).map((byte) => parseInt(byte, 2)));
  const count = Buffer.alloc(8);
  count.writeBigUInt64BE(BigInt(step));
  const hash = createHmac('sha1', key).update(count).digest();
  return String((hash.readUInt32BE(hash[19] & 15) & 0x7fffffff) % 1_000_000).padStart(6, '0');
}

// A proxy between browser and centre that knows nothing of WebSockets: it cuts them, as many in offices do.
async function proxyWithoutWebSockets() {
  const upstream = new URL(centre.address);
  const proxy = createServer((asked, answer) => {
    const onward = request({ host: upstream.hostname, port: upstream.port, method: asked.method, path: asked.url, headers: asked.headers }, (answered) => {
      answer.writeHead(answered.statusCode, answered.headers);
      answered.pipe(answer);
    });
    onward.on('error', () => answer.destroy());
    asked.pipe(onward);
  });
  proxy.on('upgrade', (_, socket) => socket.destroy());
  await new Promise((done) => proxy.listen(0, '127.0.0.1', done));
  return proxy;
}

await suite(async () => {
  const [seat, supervisor] = [await open('seat'), await open('supervisor')];
  await centre.ask('admin', 'PATCH', '/v1/queues/support', { wrap_up: '2s' });
  await centre.ask('admin', 'PATCH', '/v1/queues/sales', { wrap_up: '2s' });
  const colleague = centre.phone('203');
  await until('the colleague’s phone is registered', async () => /203.*(true|yes)/.test(await centre.command('device', 'list')));
  await centre.command('agent', 'ready', 'a03', '--device', '203');
  await centre.command('agent', 'pause', 'a03').catch(() => undefined);

  await promise('the agent dials out by keyboard, talks, and ends it; what may not be dialled is refused in plain words', async () => {
    await takePhone(seat, 'a02');
    await seat.keyboard.press('Alt+KeyR');
    await inState(seat, 'ready');
    await seat.keyboard.press('Alt+KeyP');
    await seat.getByRole('menuitem', { name: t('pause.paperwork') }).click();
    await inState(seat, 'paused');
    await seat.keyboard.press('Alt+KeyL');
    await seat.getByRole('dialog').getByRole('textbox').fill('00982188');
    await seat.keyboard.press('Enter');
    await seat.getByRole('alert').filter({ hasText: /./ }).first().waitFor(); // no plan allows it
    const carrier = await centre.carrier('021');
    await seat.keyboard.press('Alt+KeyL');
    await seat.getByRole('dialog').getByRole('textbox').fill(digits('02188776655'));
    await seat.keyboard.press('Enter');
    await seat.locator(talking).waitFor({ timeout: 15_000 }); // rings at the own page first, which answers by itself
    await call(seat, 'talking').waitFor({ timeout: 15_000 });
    await accessible(seat, 'dialled out');
    await seat.keyboard.press('Alt+KeyX');
    await seat.getByText(t('phone.ready')).waitFor();
    await centre.end(carrier);
  });

  await promise('a consultation: the customer waits, one comes back to the customer, asks again, and hands over', async () => {
    await seat.keyboard.press('Alt+KeyR');
    await inState(seat, 'ready');
    const talker = customer('8000', 40);
    await seat.getByTestId('ringing').waitFor({ timeout: 20_000 });
    await seat.keyboard.press('Alt+KeyA');
    await hears(seat, customer_hertz, 'the customer');
    const consult = async () => {
      await seat.keyboard.press('Alt+KeyC');
      const dialog = seat.getByRole('dialog');
      await dialog.getByRole('combobox').fill('a03');
      await seat.getByRole('option').first().click();
      await accessible(seat, 'consult');
      await dialog.getByRole('button', { name: t('desk.consult') }).click();
      await call(seat, 'consulting').waitFor({ timeout: 15_000 });
    };
    await consult();
    await seat.getByRole('button', { name: t('desk.complete') }).waitFor();
    await seat.keyboard.press('Alt+KeyC'); // back to the customer
    await call(seat, 'talking').waitFor();
    await hears(seat, customer_hertz, 'the customer again');
    await consult();
    await sleep(1500);
    await seat.keyboard.press('Alt+KeyT'); // hand over
    await until('the call is the colleague’s', async () => (await centre.ask('supervisor', 'GET', '/v1/calls')).some((each) => each.agent === 'a03' && each.state === 'talking'));
    await until('the seat is out of it', async () => ['wrap-up', 'ready', 'paused'].includes(await state(seat)));
    await centre.end(talker);
  });

  await promise('a blind transfer to a queue: another agent gets the caller', async () => {
    await centre.command('agent', 'ready', 'a03', '--device', '203').catch(() => undefined);
    await centre.command('agent', 'pause', 'a03').catch(() => undefined);
    await until('ready again', async () => (await state(seat)) === 'ready' || (await seat.keyboard.press('Alt+KeyR'), false), 15);
    const talker = customer('8000', 40);
    await seat.getByTestId('ringing').waitFor({ timeout: 20_000 });
    await seat.keyboard.press('Alt+KeyA');
    await call(seat, 'talking').waitFor();
    await sleep(800);
    await seat.keyboard.press('Alt+KeyP'); // takes no further call after this one
    await seat.getByRole('menuitem', { name: t('pause.break') }).click();
    await centre.command('agent', 'ready', 'a03', '--device', '203');
    await seat.keyboard.press('Alt+KeyT');
    const dialog = seat.getByRole('dialog');
    await dialog.getByRole('button', { name: t('field.queue') }).click();
    await dialog.getByRole('combobox').fill('sales');
    await seat.getByRole('option').first().click();
    await dialog.getByRole('button', { name: t('desk.transfer') }).click();
    await until('the colleague talks', async () => (await centre.ask('supervisor', 'GET', '/v1/calls')).some((each) => each.agent === 'a03' && each.queue === 'sales' && each.state === 'talking'), 20);
    await centre.end(talker);
    await until('the seat is paused', async () => (await state(seat)) === 'paused', 15);
    await centre.command('agent', 'out', 'a03').catch(() => undefined);
  });

  await promise('the session ends in mid-call: a word, the sound goes on, and the same call is there after sign-in', async () => {
    await alone('a02');
    await until('ready', async () => (await state(seat)) === 'ready' || (await seat.keyboard.press('Alt+KeyR'), false));
    const talker = customer('8000', 14);
    await seat.getByTestId('ringing').waitFor({ timeout: 20_000 });
    await seat.keyboard.press('Alt+KeyA');
    await hears(seat, customer_hertz, 'the customer');
    await centre.ask('admin', 'DELETE', '/v1/users/a02/sessions');
    await seat.getByText(t('session.ended')).waitFor();
    await hears(seat, customer_hertz, 'the customer, with nobody signed in');
    await sleep(1500);
    await seat.getByLabel(t('session.login')).fill('a02');
    await seat.getByLabel(t('session.password')).fill(centre.password('a02'));
    await seat.getByRole('button', { name: t('session.signIn') }).click();
    await seat.locator(talking).waitFor();
    await call(seat, 'talking').waitFor();
    await hears(seat, customer_hertz, 'the customer after sign-in');
    await talker.ended;
    const tone = share(talker.heard(), agent_hertz);
    expect(tone > 0.5, `the customer heard the agent's tone with a share of ${tone.toFixed(2)}`);
    const ours = talker.heard().samples;
    const silent = longestSilence(ours, talker.heard().rate);
    expect(silent < 2, `the customer heard nothing for ${silent.toFixed(1)} s`);
  });

  await promise('two tabs of one agent: the second says where the phone is, takes it by a press, and the first says so', async () => {
    const second = await seat.context().newPage();
    pages.second = second;
    await go(second, '/desk');
    await second.getByText(t('phone.taken')).waitFor();
    await accessible(second, 'second tab');
    await second.getByRole('button', { name: t('phone.takeHere') }).click();
    await second.getByText(t('phone.ready')).waitFor();
    await seat.getByText(t('phone.taken')).waitFor();
    await seat.getByRole('button', { name: t('phone.takeHere') }).click();
    await seat.getByText(t('phone.ready')).waitFor();
    await second.close();
    delete pages.second;
  });

  await promise('a recording is commented at a moment, put under legal hold with a reason, and downloaded with a reason; all of it is audited', async () => {
    await signIn(supervisor, 'supervisor');
    await go(supervisor, '/archive');
    const row = supervisor.getByTestId('recordings').locator('tr[data-agent=a02]').first();
    await until('the recording is finished', async () => { await supervisor.getByRole('button', { name: t('app.search') }).click(); return row.getByRole('link').isVisible(); }, 20);
    await row.getByRole('link').click();
    const player = supervisor.getByTestId('player');
    await player.getByRole('button', { name: t('archive.forth') }).click();
    await supervisor.getByLabel(t('archive.comment')).fill('اینجا را بشنوید · listen here');
    const at = supervisor.getByRole('button', { name: new RegExp(t('archive.commentAt').replace('{at}', '.*')) });
    await at.click();
    await supervisor.getByText('listen here').first().waitFor();
    await supervisor.getByRole('button', { name: t('archive.hold') }).click();
    const dialog = supervisor.getByRole('dialog');
    expect(await dialog.getByRole('button', { name: t('archive.hold') }).isDisabled(), 'no hold without a reason');
    await dialog.getByLabel(t('field.reason')).fill('شکایت ۱۲');
    await accessible(supervisor, 'legal hold');
    await dialog.getByRole('button', { name: t('archive.hold') }).click();
    await supervisor.getByRole('alert').filter({ hasText: 'شکایت ۱۲' }).waitFor();
    await supervisor.getByRole('button', { name: t('archive.download') }).click();
    await supervisor.getByRole('dialog').getByLabel(t('field.reason')).fill('برای بازرس');
    const [download] = await Promise.all([supervisor.waitForEvent('download'), supervisor.getByRole('dialog').getByRole('button', { name: t('archive.download') }).click()]);
    expect(/\.(ogg|opus)$/.test(download.suggestedFilename()), `the file is called ${download.suggestedFilename()}`);
    await go(supervisor, '/archive');
    await supervisor.getByTestId('recordings').getByRole('img', { name: t('archive.hold') }).first().waitFor();
    const log = JSON.stringify(await centre.ask('admin', 'GET', '/v1/audit'));
    for (const deed of ['recording_hold', 'recording_comment', 'recording_download']) expect(log.includes(deed), `${deed} stands in the audit log`);
    expect(log.includes('برای بازرس'), 'the reason of the download stands in the audit log');
  });

  await promise('the second step: turned on with an app’s code, asked for at sign-in, a wrong code and a recovery code have their word', async () => {
    const person = await open('person');
    await signIn(person, 'a04');
    await go(person, '/account');
    await person.getByRole('button', { name: t('session.turnOn') }).click();
    const secret = (await person.locator('bdi.latin').filter({ hasText: /^[A-Z2-7 ]{16,}$/ }).textContent()).replace(/\s/g, '');
    await accessible(person, 'second factor');
    await person.getByLabel(t('session.code')).fill(digits(codeOf(secret)));
    await person.getByRole('button', { name: t('session.activate') }).click();
    await person.getByTestId('recovery').waitFor();
    const recovery = (await person.getByTestId('recovery').locator('li').allTextContents()).map((each) => each.trim());
    expect(recovery.length === 10, `${recovery.length} recovery codes`);
    await accessible(person, 'recovery codes');
    await person.getByRole('button', { name: t('session.signOut'), exact: true }).click();
    await trySignIn(person, 'a04', centre.password('a04'));
    await person.getByText(t('session.codeSays')).waitFor();
    await accessible(person, 'code');
    await person.getByLabel(t('session.code')).fill('000000');
    await person.getByRole('button', { name: t('session.signIn') }).click();
    await person.getByText(t('session.codeWrong')).waitFor();
    await sleep(2200); // the server lets one wait after a wrong one
    await person.getByLabel(t('session.code')).fill(codeOf(secret, Math.floor(Date.now() / 30_000) + 1)); // the present one has been used
    await person.getByRole('button', { name: t('session.signIn') }).click();
    await person.waitForURL((url) => url.pathname.endsWith('/desk'));
    await go(person, '/account');
    await person.getByRole('button', { name: t('session.signOut'), exact: true }).click();
    await trySignIn(person, 'a04', centre.password('a04'));
    await person.getByLabel(t('session.code')).fill(recovery[0]);
    await person.getByRole('button', { name: t('session.signIn') }).click();
    await person.waitForURL((url) => url.pathname.endsWith('/desk'));
    await person.close();
    delete pages.person;
  });

  await promise('a microphone that is denied when it rings: plain words at once, the caller goes on to somebody else', async () => {
    await alone('a05');
    const denied = await open('denied');
    await denied.addInitScript(() => { localStorage.setItem('pasokh.phone', '1'); navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('no', 'NotAllowedError')); });
    await signIn(denied, 'a05');
    await denied.getByText(t('phone.ready')).waitFor();
    await denied.keyboard.press('Alt+KeyR');
    await inState(denied, 'ready');
    const talker = customer('8000', 5);
    await denied.getByTestId('ringing').waitFor({ timeout: 20_000 });
    await denied.keyboard.press('Alt+KeyA');
    await denied.getByText(t('phone.trouble.denied')).first().waitFor();
    await accessible(denied, 'denied while ringing');
    await denied.keyboard.press('Alt+KeyJ');
    await until('the ringing has stopped', async () => (await denied.getByTestId('ringing').count()) === 0);
    await centre.end(talker);
    await denied.close();
    delete pages.denied;
  });

  await promise('a proxy that cuts WebSockets: the desk says so, and a call at the desk phone is led all the same', async () => {
    const proxy = await proxyWithoutWebSockets();
    const direct = centre.address;
    await alone('a06');
    const cut = await open('cut');
    const phone = centre.phone('206');
    try {
      centre.address = `http://127.0.0.1:${proxy.address().port}`;
      await until('206 is registered', async () => /206.*(true|yes)/.test(await centre.command('device', 'list')));
      await signIn(cut, 'a06');
      await cut.getByText(t('line.pollingSays')).waitFor();
      expect(await cut.getByTestId('phone').getByRole('button', { name: t('phone.use') }).isDisabled(), 'no browser phone without the live connection');
      await cut.keyboard.press('Alt+KeyR');
      await inState(cut, 'ready');
      const talker = customer('8000', 20);
      await call(cut, 'talking').waitFor({ timeout: 20_000 });
      await cut.keyboard.press('Alt+KeyH');
      await call(cut, 'held').waitFor();
      await accessible(cut, 'without WebSocket');
      await cut.keyboard.press('Alt+KeyX');
      await talker.ended;
      await go(cut, '/account');
    } finally {
      centre.address = direct;
      await centre.end(phone);
      await cut.close();
      delete pages.cut;
      proxy.closeAllConnections();
      proxy.close();
    }
  });
  await centre.end(colleague);
});

// Seconds, the longest stretch below the noise, once the talk has begun.
function longestSilence(samples, rate) {
  const step = rate / 10;
  let [longest, run, begun] = [0, 0, false];
  for (let at = 0; at + step <= samples.length; at += step) {
    let energy = 0;
    for (let i = at; i < at + step; i++) energy += samples[i] * samples[i];
    const loud = Math.sqrt(energy / step) > 200;
    begun ||= loud;
    run = loud || !begun ? 0 : run + 1;
    longest = Math.max(longest, run);
  }
  return longest / 10;
}
