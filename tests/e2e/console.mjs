// usage: node tests/e2e/console.mjs --language fa|en [--only WORD] [--pictures DIR]
// What people do in the console on an ordinary day, against a real server, real calls and real sound. Each line is a promise to them.
import { join } from 'node:path';
import { picture } from './browser.mjs';
import { sleep, until } from './centre.mjs';
import { accessible, agent_hertz, centre, customer_hertz, digits, expect, fits, go, inState, language, open, options, pages, promise, signIn, state, suite, t, trySignIn } from './harness.mjs';
import { hearingOf, readWav, share, toneFile } from './sound.mjs';

await suite(async () => {
  const [agent, supervisor, administrator, seat] = [await open('agent'), await open('supervisor'), await open('administrator'), await open('seat')];

  await promise('a wrong password is told in the reader’s language, a right one leads to the desk', async () => {
    await trySignIn(agent, 'a01', 'not this one');
    await agent.getByText(t('session.wrong')).waitFor();
    await accessible(agent, 'sign-in');
    await sleep(1100); // the server lets one wait after a wrong one
    await signIn(agent, 'a01');
    await agent.getByTestId('state-bar').waitFor();
    expect((await agent.locator('html').getAttribute('dir')) === (language === 'fa' ? 'rtl' : 'ltr'), 'direction');
    await inState(agent, 'signed-out');
  });

  await promise('one switch turns the page to the other language and direction, and back', async () => {
    const dir = () => agent.locator('html').getAttribute('dir');
    const before = await dir();
    await agent.getByTestId('language').click();
    await until('the page has turned', async () => (await dir()) !== before);
    await agent.getByTestId('language').click();
    await until('and back', async () => (await dir()) === before);
  });

  let answered = 0;
  const phone = centre.phone('201');
  await promise('the agent works by keyboard: ready, pause with a reason, ready; ? lists the keys', async () => {
    await until('the desk phone is registered', async () => /201.*(true|yes)/.test(await centre.command('device', 'list')));
    await agent.keyboard.press('Alt+KeyR');
    await inState(agent, 'ready');
    await agent.keyboard.press('Alt+KeyP');
    await agent.getByRole('menuitem', { name: t('pause.lunch') }).click();
    await inState(agent, 'paused');
    await agent.getByRole('status').getByText(t('pause.lunch')).waitFor();
    await agent.keyboard.press('Escape');
    await agent.keyboard.press('?');
    await agent.getByRole('dialog').getByText(t('desk.ready')).waitFor();
    await agent.keyboard.press('Escape');
    await agent.keyboard.press('Alt+KeyR');
    await inState(agent, 'ready');
  });

  await promise('a real call shows who calls; hold and back; the call ends; its report with a next step is kept', async () => {
    await centre.ask('admin', 'PATCH', '/v1/queues/support', { report: 'required', guidance_fa: '**سلام** بگویید و نام را بپرسید.', guidance_en: 'Say **hello** and ask for the name.' });
    const customer = centre.customer('8000', '--from', '09121234567', '--seconds', '60');
    await agent.locator('[data-testid=call][data-state=talking]').waitFor({ timeout: 20_000 });
    await agent.getByText(language === 'fa' ? '۰۹۱۲۱۲۳۴۵۶۷' : '09121234567').first().waitFor();
    await agent.keyboard.press('Alt+KeyH');
    await agent.locator('[data-testid=call][data-state=held]').waitFor();
    await agent.keyboard.press('Alt+KeyH');
    await agent.locator('[data-testid=call][data-state=talking]').waitFor();
    if (options.pictures) await picture(agent, join(options.pictures, `desk-${language}.png`));
    await accessible(agent, 'desk in a call');
    await agent.keyboard.press('Alt+KeyX');
    await customer.ended;
    await inState(agent, 'wrap-up');
    const report = agent.getByTestId('report');
    await report.waitFor();
    await report.getByText(t('desk.reportDue')).waitFor(); // B5: not ready for the next call before this one is written down
    await report.getByRole('radio', { name: language === 'fa' ? 'حل شد' : 'Resolved' }).first().click();
    await report.getByLabel(t('field.note')).fill(language === 'fa' ? 'کارت را خواست مسدود شود.' : 'Wanted the card blocked.');
    await agent.keyboard.press('Alt+KeyS');
    await agent.getByText(t('desk.reportSaved')).waitFor();
    await until('the agent is free for the next call', async () => (await state(agent)) !== 'wrap-up');
    answered += 1;
  });
  await centre.end(phone);

  await promise('a call is answered in the browser by a key, and both hear each other', async () => {
    await signIn(seat, 'a02');
    await seat.getByTestId('phone').getByRole('button', { name: t('phone.use') }).click();
    await seat.getByRole('dialog').getByRole('button', { name: t('phone.use') }).click();
    await seat.getByText(t('phone.ready')).waitFor();
    await seat.keyboard.press('Alt+KeyR');
    await inState(seat, 'ready');
    await centre.ask('supervisor', 'POST', '/v1/contacts', { name: 'مینا راد', numbers: [{ number: '09357654321' }] });
    centre.heard = join(centre.folder, 'heard.wav');
    centre.talker = centre.customer('8000', '--from', '09357654321', '--play', toneFile(join(centre.folder, 'customer.wav'), customer_hertz, { seconds: 60, rate: 8000 }), '--record', centre.heard, '--seconds', '45');
    await seat.getByTestId('ringing').getByText('مینا راد').waitFor({ timeout: 20_000 }); // who is known rings by name
    await seat.keyboard.press('Alt+KeyA');
    await seat.locator('[data-testid=talking][data-state=talking]').waitFor();
    await until('the agent hears the customer', async () => (await seat.evaluate(hearingOf, customer_hertz)) > 0.6);
    answered += 1;
  });

  await promise('mute, the quality of the line, a second tab, and a reload in mid-call: the call goes on', async () => {
    await seat.keyboard.press('Alt+KeyM');
    await seat.getByTestId('phone').locator('[aria-pressed=true]').waitFor();
    await seat.keyboard.press('Alt+KeyM');
    await seat.locator('[data-testid=talking][data-grade]').waitFor();
    await seat.reload();
    await seat.locator('[data-testid=talking][data-state=talking]').waitFor();
    await until('the agent hears the customer again', async () => (await seat.evaluate(hearingOf, customer_hertz)) > 0.6);
    const second = await seat.context().newPage();
    await go(second, '/desk');
    await second.getByText(t('phone.taken')).waitFor();
    await second.close();
    await sleep(1000);
    await seat.getByTestId('phone').getByRole('button', { name: t('phone.hangup') }).click();
    await centre.talker.ended;
    const heard = share(readWav(centre.heard), agent_hertz);
    expect(heard > 0.5, `the customer heard the agent's tone with a share of ${heard.toFixed(2)}`);
  });

  await promise('the wallboard moves with the calls, to the second', async () => {
    await signIn(supervisor, 'supervisor');
    await supervisor.getByTestId('totals').waitFor();
    await supervisor.locator('[data-agent=a02]').waitFor();
    const zero = language === 'fa' ? '۰' : '0';
    await until('nobody waits', async () => (await supervisor.getByTestId('waiting-count').textContent()) === zero);
    await centre.command('agent', 'out', 'a02').catch(() => undefined);
    await centre.command('agent', 'out', 'a01').catch(() => undefined);
    const caller = centre.customer('8000', '--from', '09120000001', '--wait', '30');
    await until('one waits', async () => (await supervisor.getByTestId('waiting-count').textContent()) === (language === 'fa' ? '۱' : '1'));
    if (options.pictures) await picture(supervisor, join(options.pictures, `floor-${language}.png`));
    await accessible(supervisor, 'floor');
    await centre.end(caller);
    await until('nobody waits any more', async () => (await supervisor.getByTestId('waiting-count').textContent()) === zero);
    await supervisor.keyboard.press('KeyB');
    await supervisor.getByRole('heading', { name: t('nav.floor') }).waitFor();
    await accessible(supervisor, 'big screen');
    await supervisor.keyboard.press('KeyB');
  });

  await promise('the floor of a moment ago comes back as it was', async () => {
    await go(supervisor, '/floor');
    await supervisor.getByRole('button', { name: t('floor.lookBack') }).click();
    await supervisor.getByTestId('look-back').waitFor();
    await supervisor.getByTestId('look-back').getByRole('slider').press('End'); // a minute ago this centre may not have stood yet
    await supervisor.locator('[data-agent=a01]').waitFor();
    expect((await supervisor.getByTestId('look-back').getByRole('alert').count()) === 0, `looking back: ${await supervisor.getByTestId('look-back').textContent()}`);
    await supervisor.getByRole('button', { name: t('floor.backToNow') }).click();
  });

  let recorded;
  await promise('a recording is found, shown in stereo and played; speed; the story of its call and why this agent', async () => {
    await go(supervisor, '/archive');
    const row = supervisor.getByTestId('recordings').locator('tr:is([data-agent=a01], [data-agent=a02])').first();
    await until('the recording is finished', async () => { await supervisor.getByRole('button', { name: t('app.search') }).click(); return row.getByRole('link').isVisible(); }, 20);
    await accessible(supervisor, 'archive');
    await row.getByRole('link').click();
    const player = supervisor.getByTestId('player');
    await player.getByRole('button', { name: t('archive.play') }).click();
    await until('it plays', async () => Number(await player.getAttribute('data-at')) > 300);
    if (options.pictures) await picture(supervisor, join(options.pictures, `archive-${language}.png`));
    await player.getByRole('button', { name: /1[.٫]5×|۱[.٫]۵×/ }).click();
    await player.getByRole('button', { name: t('archive.pause') }).click();
    await accessible(supervisor, 'recording');
    recorded = supervisor.url().split('/').at(-1);
    await go(supervisor, `/calls/${recorded}`);
    await supervisor.getByTestId('why').getByText('a01').first().waitFor();
    expect((await supervisor.getByTestId('timeline').locator('li').count()) > 8, 'the timeline has the call’s steps');
    expect((await supervisor.getByTestId('legs').locator('tbody tr').count()) >= 2, 'the line of both parties is shown');
    await accessible(supervisor, 'call');
  });

  await promise('a report has figures with their definition, and the calls behind each', async () => {
    await go(supervisor, '/reports');
    const table = supervisor.getByTestId('figures');
    const figure = table.getByRole('row').filter({ hasText: /support|پشتیبانی/ }).getByRole('cell').nth(1).getByRole('button');
    await figure.waitFor();
    expect((await figure.textContent()).trim() === ['۰۱۲۳', '0123'][language === 'fa' ? 0 : 1][answered], `answered: ${await figure.textContent()}`);
    if (options.pictures) await picture(supervisor, join(options.pictures, `reports-${language}.png`));
    await figure.click();
    await until('the calls behind the figure', async () => (await supervisor.getByTestId('calls').locator('tbody tr').count()) === answered);
    await supervisor.getByRole('tab', { name: t('reports.intervals') }).click();
    await supervisor.getByRole('img', { name: t('reports.chart') }).locator('canvas').waitFor();
    await accessible(supervisor, 'reports');
  });

  await promise('a contact is found whatever the keyboard writes', async () => {
    await go(supervisor, '/contacts');
    await supervisor.getByRole('button', { name: t('contacts.add') }).click();
    const form = supervisor.getByRole('dialog');
    await form.getByLabel(t('field.name')).fill('علی کریمی');
    await form.getByLabel(t('field.number'), { exact: true }).fill('۰۹۱۲۱۲۳۴۵۶۷');
    await form.getByRole('button', { name: t('app.save') }).click();
    await supervisor.getByRole('heading', { name: 'علی کریمی' }).waitFor();
    await go(supervisor, '/contacts');
    await supervisor.getByLabel(t('contacts.search')).fill('علي كريمي'); // Arabic ye and ke
    await supervisor.getByTestId('contacts').getByText('علی کریمی').waitFor();
    await accessible(supervisor, 'contacts');
  });

  await promise('an administrator changes a queue, makes a user, and that user must choose a password', async () => {
    await signIn(administrator, 'admin');
    await go(administrator, '/administration/queues');
    await administrator.getByRole('button', { name: `${t('app.edit')}: support` }).click();
    await administrator.getByRole('dialog').getByLabel(t('admin.wrapUp'), { exact: true }).fill(digits('12'));
    await administrator.getByRole('button', { name: t('app.save') }).click();
    await administrator.getByTestId('sheet-queues').getByText(language === 'fa' ? '۱۲ ثانیه' : '12 secs').waitFor();
    await accessible(administrator, 'queues');
    await go(administrator, '/administration/users');
    await administrator.getByRole('button', { name: t('app.add') }).click();
    await administrator.getByRole('dialog').getByLabel(t('admin.login')).fill('niloofar');
    await administrator.getByRole('dialog').getByRole('button', { name: t('app.add') }).click();
    const given = (await administrator.locator('.MuiAlert-message b').textContent()).trim();
    await accessible(administrator, 'users');
    const newcomer = await open('newcomer');
    await signIn(newcomer, 'niloofar', given);
    await newcomer.getByText(t('session.changeSays')).waitFor();
    await accessible(newcomer, 'password');
    for (const page of ['health', 'agents', 'numbers', 'trunks', 'devices', 'dispositions', 'prompts', 'hours', 'alarms', 'mail', 'centre', 'programs', 'audit', 'first-call']) {
      await go(administrator, `/administration/${page}`);
      await administrator.locator('main h2').first().waitFor();
      await accessible(administrator, page);
    }
    await newcomer.close();
    delete pages.newcomer;
  });

  await promise('a session ended elsewhere leads to sign-in with a word, and back to the same page', async () => {
    await go(supervisor, '/reports');
    await supervisor.getByRole('heading', { name: t('nav.reports') }).waitFor();
    await administrator.evaluate(() => fetch('/v1/users/supervisor/sessions', { method: 'DELETE', headers: { 'X-Pasokh': '1' } }));
    await supervisor.getByText(t('session.ended')).waitFor(); // told on the live connection: nobody has to press anything
    await supervisor.getByLabel(t('session.login')).fill('supervisor');
    await supervisor.getByLabel(t('session.password')).fill(centre.password('supervisor'));
    await supervisor.getByRole('button', { name: t('session.signIn') }).click();
    await supervisor.getByRole('heading', { name: t('nav.reports') }).waitFor();
  });

  await promise('a denied microphone is told in plain words, with a way on', async () => {
    const denied = await open('denied');
    await denied.addInitScript(() => (navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('no', 'NotAllowedError'))));
    await signIn(denied, 'a03');
    await denied.getByTestId('phone').getByRole('button', { name: t('phone.use') }).click();
    await denied.getByRole('dialog').getByText(t('phone.trouble.denied')).waitFor();
    await accessible(denied, 'microphone');
    await denied.close();
    delete pages.denied;
  });

  await promise('a proxy that cuts WebSockets: the pages say so and ask every two seconds', async () => {
    const cut = await open('cut');
    await cut.addInitScript(() => (window.WebSocket = class { static OPEN = 1; readyState = 3; constructor() { setTimeout(() => this.onclose?.({}), 10); } close() {} send() {} }));
    await signIn(cut, 'supervisor');
    await cut.getByText(t('line.pollingSays')).waitFor();
    await cut.locator('[data-agent=a01]').waitFor();
    await cut.close();
    delete pages.cut;
  });

  await promise('every page fits a narrow window', async () => {
    for (const [page, paths] of [[supervisor, ['/floor', '/archive', '/reports', '/contacts']], [agent, ['/desk', '/account']], [administrator, ['/administration/queues', '/administration/health']]]) {
      await page.setViewportSize({ width: 390, height: 780 });
      for (const path of paths) {
        await go(page, path);
        await page.locator('main').waitFor();
        await sleep(300);
        await fits(page, path);
      }
    }
  });
});
