#include "api/pages/start_page.h"

namespace pasokh::api {

const Page& start_html() {
  static const Page page{"text/html; charset=utf-8", R"html(<!doctype html>
<html lang="fa" dir="rtl">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>پاسخ</title>
<link rel="stylesheet" href="/start.css">
<script src="/start.js" defer></script>
</head>
<body>
<header>
  <h1 data-say="title"></h1>
  <span id="who"></span>
  <button id="sign-out" data-say="sign_out" hidden></button>
  <button id="language" lang="en">English</button>
</header>
<main>
  <p id="message" role="status" aria-live="polite"></p>
  <form id="sign-in" hidden>
    <p data-say="sign_in_help"></p>
    <label><span data-say="login"></span> <input name="login" autocomplete="username" required dir="ltr"></label>
    <label><span data-say="password"></span> <input name="password" type="password" autocomplete="current-password" required dir="ltr"></label>
    <button data-say="sign_in"></button>
  </form>
  <form id="change-password" hidden>
    <p data-say="change_help"></p>
    <label><span data-say="present"></span> <input name="present" type="password" autocomplete="current-password" required dir="ltr"></label>
    <label><span data-say="wanted"></span> <input name="wanted" type="password" autocomplete="new-password" minlength="10" required dir="ltr"></label>
    <button data-say="change"></button>
  </form>
  <div id="desk" hidden></div>
  <div id="tables"></div>
  <noscript>This page needs JavaScript. The API is described at /openapi.json.</noscript>
</main>
<footer><span data-say="footer"></span> <a href="/openapi.json" dir="ltr">/openapi.json</a></footer>
</body>
</html>
)html"};
  return page;
}

const Page& start_style() {
  static const Page page{"text/css; charset=utf-8", R"css(:root { color-scheme: light dark; --line: color-mix(in srgb, currentColor 20%, transparent); }
body { font: 1rem/1.6 Vazirmatn, Tahoma, system-ui, sans-serif; margin: 0; }
header, footer { display: flex; gap: 1rem; align-items: center; padding: .5rem 1.5rem; border-block-end: 1px solid var(--line); }
header h1 { font-size: 1.3rem; margin: 0; margin-inline-end: auto; }
footer { border-block: 1px solid var(--line); border-block-end: 0; font-size: .85rem; }
main { padding: 0 1.5rem 1.5rem; max-inline-size: 80rem; }
form { display: grid; gap: .8rem; max-inline-size: 24rem; margin-block: 1.5rem; }
label { display: grid; }
input, button { font: inherit; padding: .35rem .7rem; }
#message:empty { display: none; }
#message { border-inline-start: 4px solid #c60; padding-inline: .8rem; }
section { overflow-x: auto; }
h2 { font-size: 1.05rem; margin-block: 1.5rem .3rem; }
table { border-collapse: collapse; inline-size: 100%; font-variant-numeric: tabular-nums; }
th, td { text-align: start; padding: .25rem .7rem; border-block-end: 1px solid var(--line); white-space: nowrap; }
th { font-weight: 600; }
[hidden] { display: none !important; }
)css"};
  return page;
}

const Page& start_script() {
  static const Page page{"text/javascript; charset=utf-8", R"js('use strict';
const texts = {
  fa: { title: 'پاسخ — مرکز تماس', login: 'نام کاربری', password: 'گذرواژه', sign_in: 'ورود', sign_out: 'خروج',
        sign_in_help: 'برای دیدن صف‌ها و تماس‌ها وارد شوید. گذرواژه هنگام ساختن مرکز چاپ شده است؛ در مرکز نمایشی در پروندهٔ demo.json است.',
        change_help: 'این گذرواژه را دیگری داده است. نخست آن را عوض کنید (دست‌کم ۱۰ نویسه).', present: 'گذرواژهٔ کنونی', wanted: 'گذرواژهٔ تازه', change: 'تغییر گذرواژه',
        footer: 'شرح همهٔ فرمان‌ها برای برنامه‌ها:', queues: 'صف‌ها', agents: 'کارشناسان', calls: 'تماس‌های جاری', today: 'تماس‌های امروز', desk: 'میز من',
        none: 'چیزی نیست.', gone: 'ارتباط با سامانه برقرار نیست؛ دوباره تلاش می‌شود.', ready: 'آماده', pause: 'استراحت', out: 'خروج از صف', hangup: 'پایان تماس',
        hold: 'نگه‌داشتن', resume: 'ادامه' },
  en: { title: 'Pasokh — contact centre', login: 'Login', password: 'Password', sign_in: 'Sign in', sign_out: 'Sign out',
        sign_in_help: 'Sign in to see queues and calls. The password was printed when the centre was made; in the demo centre it stands in demo.json.',
        change_help: 'This password was given by somebody else. Change it first (at least 10 characters).', present: 'Present password', wanted: 'New password', change: 'Change password',
        footer: 'All commands, for programs:', queues: 'Queues', agents: 'Agents', calls: 'Live calls', today: 'Calls today', desk: 'My desk',
        none: 'Nothing here.', gone: 'No connection to the centre; trying again.', ready: 'Ready', pause: 'Pause', out: 'Sign out of the queues', hangup: 'Hang up',
        hold: 'Hold', resume: 'Resume' },
};
const columns = {  // heading fa, heading en; also the order
  call: ['تماس', 'Call'], caller: ['تماس‌گیرنده', 'Caller'], number: ['شماره', 'Number'], queue: ['صف', 'Queue'], agent: ['کارشناس', 'Agent'],
  name: ['نام', 'Name'], state: ['وضعیت', 'State'], outcome: ['نتیجه', 'Outcome'], reason: ['دلیل', 'Reason'], since: ['از', 'Since'], arrived: ['ورود', 'Arrived'],
  waiting: ['منتظر', 'Waiting'], longest_wait_ms: ['بیشترین انتظار', 'Longest wait'], wait_ms: ['انتظار', 'Wait'], talk_ms: ['مکالمه', 'Talk'],
  strategy: ['روش', 'Strategy'], device: ['تلفن', 'Device'], queues: ['صف‌ها', 'Queues'], recording: ['ضبط', 'Recording'],
};
const words = {  // what stands in cells: fa, en
  signed_out: ['بیرون', 'signed out'], ready: ['آماده', 'ready'], paused: ['استراحت', 'paused'], offered: ['زنگ می‌خورد', 'ringing'], talking: ['در مکالمه', 'talking'],
  wrap_up: ['کار پس از تماس', 'wrap-up'], waiting: ['منتظر', 'waiting'], held: ['پشت خط', 'on hold'], consulting: ['مشورت', 'consulting'],
  transferring: ['در حال انتقال', 'transferring'], dialling: ['شماره‌گیری', 'dialling'],
  in_progress: ['در جریان', 'in progress'], answered: ['پاسخ‌داده', 'answered'], abandoned: ['رهاشده', 'abandoned'], queue_full: ['صف پر', 'queue full'],
  waited_out: ['پایان انتظار', 'waited out'], refused: ['پذیرفته‌نشده', 'refused'], unknown_number: ['شمارهٔ ناشناس', 'unknown number'], no_answer: ['بی‌پاسخ', 'no answer'],
  busy: ['اشغال', 'busy'], failed: ['خطا', 'failed'], capturing: ['در حال ضبط', 'recording'], stopped: ['در حال آماده‌سازی', 'being finished'], finished: ['آماده', 'ready'], empty: ['تهی', 'empty'],
  'fair-share': ['سهم برابر', 'fair share'], 'longest-idle': ['بیکارترین', 'longest idle'], 'round-robin': ['نوبتی', 'round robin'], 'ring-all': ['زنگ همگانی', 'ring all'],
  'fixed-order': ['ترتیب ثابت', 'fixed order'], unreachable: ['در دسترس نیست', 'unreachable'],
};
const worded = ['state', 'outcome', 'recording', 'strategy', 'reason'];  // the columns that hold such words
const $ = id => document.getElementById(id);
let language = localStorage.getItem('language') || 'fa', person = null, timer = 0;

const say = key => texts[language][key] || key;
function element(name, content, attributes = {}) {
  const e = document.createElement(name);
  if (content !== undefined) e.textContent = content;
  for (const [key, value] of Object.entries(attributes)) e.setAttribute(key, value);
  return e;
}
async function ask(method, path, body) {
  const answer = await fetch(path, { method, credentials: 'same-origin', headers: { 'X-Pasokh': '1', ...(body ? { 'Content-Type': 'application/json' } : {}) },
                                     body: body ? JSON.stringify(body) : undefined });
  const text = await answer.text(), json = text ? JSON.parse(text) : null;
  if (!answer.ok) throw Object.assign(new Error(language === 'fa' ? json.message_fa : json.message), { status: answer.status, code: json.code });
  return json;
}
function shown(key, value) {
  if (value === null || value === undefined || value === '1970-01-01T00:00:00.000Z') return '';  // a time that never came
  if (typeof value === 'boolean') return value ? '✓' : '';
  const tongue = language === 'fa' ? 'fa-IR' : 'en-GB';
  if (key.endsWith('_ms')) return new Intl.NumberFormat(tongue, { maximumFractionDigits: 0 }).format(Math.round(value / 1000)) + (language === 'fa' ? ' ث' : ' s');
  if (typeof value === 'number') return new Intl.NumberFormat(tongue).format(value);
  if (typeof value === 'string' && /^\d{4}-\d\d-\d\dT/.test(value)) return new Intl.DateTimeFormat(tongue, { timeStyle: 'medium' }).format(new Date(value));
  if (Array.isArray(value)) return value.map(v => typeof v === 'object' ? (v.code || v.queue || v.skill || '') : v).join(language === 'fa' ? '، ' : ', ');
  if (worded.includes(key) && Object.hasOwn(words, value)) return words[value][language === 'fa' ? 0 : 1];
  return typeof value === 'object' ? '' : String(value);
}
function table(title, rows, first = 'call') {
  const section = element('section');
  section.append(element('h2', title));
  if (!rows.length) { section.append(element('p', say('none'))); return section; }
  const keys = Object.keys(columns).filter(key => rows.some(row => row[key] !== undefined)).sort((a, b) => (b === first) - (a === first));
  const t = element('table'), head = element('tr');
  for (const key of keys) head.append(element('th', columns[key][language === 'fa' ? 0 : 1], { scope: 'col' }));
  t.append(head);
  for (const row of rows.slice(0, 200)) {
    const line = element('tr');
    for (const key of keys) { const cell = element('td'); cell.append(element('bdi', shown(key, row[key]))); line.append(cell); }
    t.append(line);
  }
  section.append(t);
  return section;
}
const startOfToday = () => { const d = new Date(); d.setHours(0, 0, 0, 0); return d.toISOString(); };
async function refresh() {
  clearTimeout(timer);
  if (!person || person.must_change_password) return;
  const parts = [], today = (person.role === 'agent' ? '/v1/desk/calls' : '/v1/reports/calls') + '?limit=50&from=' + encodeURIComponent(startOfToday());
  const wanted = person.role === 'agent' ? [['today', today]] : [['queues', '/v1/queues'], ['agents', '/v1/agents'], ['calls', '/v1/calls'], ['today', today]];
  try {
    for (const [key, path] of wanted) {
      try { parts.push(table(say(key), await ask('GET', path), key === 'agents' ? 'agent' : 'call')); } catch (error) { if (error.status === 401 || !error.status) throw error; }
    }
    if (person.agent) desk(await ask('GET', '/v1/desk'));
    $('tables').replaceChildren(...parts);
    tell('');
  } catch (error) {
    if (error.status === 401) { person = null; draw(); } else tell(error.status ? error.message : say('gone'));
  }
  if (person) timer = setTimeout(refresh, 3000);
}
function desk(at) {
  const buttons = element('p');
  for (const verb of ['ready', 'pause', 'out', 'hold', 'resume', 'hangup']) {
    const button = element('button', say(verb), { type: 'button' });
    button.onclick = () => ask('POST', '/v1/agents/' + encodeURIComponent(person.agent) + '/' + verb).then(refresh, error => tell(error.message));
    buttons.append(button, ' ');
  }
  $('desk').replaceChildren(table(say('desk'), at.agent ? [at.agent] : []), buttons, table(say('calls'), at.calls));
}
function tell(text) { $('message').textContent = text; }
function draw() {
  document.documentElement.lang = language;
  document.documentElement.dir = language === 'fa' ? 'rtl' : 'ltr';
  document.title = say('title');
  for (const e of document.querySelectorAll('[data-say]')) e.textContent = say(e.dataset.say);
  $('language').textContent = language === 'fa' ? 'English' : 'فارسی';
  $('language').lang = language === 'fa' ? 'en' : 'fa';
  $('who').textContent = person ? person.login : '';
  $('sign-out').hidden = !person;
  $('sign-in').hidden = !!person;
  $('change-password').hidden = !(person && person.must_change_password);
  $('desk').hidden = !(person && person.agent);
  if (!person) $('tables').replaceChildren();
  refresh();
}
$('language').onclick = () => { language = language === 'fa' ? 'en' : 'fa'; localStorage.setItem('language', language); draw(); };
$('sign-in').onsubmit = async event => {
  event.preventDefault();
  const form = event.target;
  try { person = await ask('POST', '/v1/sessions', { login: form.login.value, password: form.password.value, cookie: true }); form.reset(); tell(''); draw(); }
  catch (error) { tell(error.status ? error.message : say('gone')); }
};
$('change-password').onsubmit = async event => {
  event.preventDefault();
  const form = event.target;
  try { await ask('POST', '/v1/password', { present: form.present.value, wanted: form.wanted.value }); person.must_change_password = false; form.reset(); tell(''); draw(); }
  catch (error) { tell(error.status ? error.message : say('gone')); }
};
$('sign-out').onclick = async () => { try { await ask('DELETE', '/v1/sessions/current'); } catch (error) { tell(error.message); } person = null; draw(); };
ask('GET', '/v1/me').then(me => { person = me; }, () => { person = null; }).then(draw);
)js"};
  return page;
}

}  // namespace pasokh::api
