// A centre of its own for a test: a data folder, free ports, the server, customers and phones, all ended at the end.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { createSocket } from 'node:dgram';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const program = resolve(process.env.PASOKH_PROGRAM ?? 'build/pasokh');

export const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

// Asks until it holds; says what it waited for when it never does.
export async function until(what, holds, seconds = 15) {
  const end = Date.now() + seconds * 1000;
  for (;;) {
    const found = await holds();
    if (found) return found;
    if (Date.now() > end) throw new Error(`never: ${what}`);
    await sleep(100);
  }
}

async function freePort() {
  const listener = createServer();
  await new Promise((done) => listener.listen(0, '127.0.0.1', done));
  const { port } = listener.address();
  const socket = createSocket('udp4');
  const free = await new Promise((done) => socket.once('error', () => done(false)).bind(port, '127.0.0.1', () => done(true)));
  if (free) socket.close();
  await new Promise((done) => listener.close(done));
  return free ? port : freePort();
}

// Below the ports that the kernel gives away by itself (32768 and above, as Debian has it).
async function freeRange(size) {
  for (;;) {
    const low = 20000 + 2 * Math.floor(Math.random() * 5500);
    const sockets = [];
    let free = true;
    for (let port = low; port < low + size && free; port++) {
      const socket = createSocket('udp4');
      free = await new Promise((done) => socket.once('error', () => done(false)).bind(port, '0.0.0.0', () => done(true)));
      if (free) sockets.push(socket);
    }
    await Promise.all(sockets.map((socket) => new Promise((done) => socket.close(done))));
    if (free) return `${low}-${low + size - 1}`;
  }
}

export class Centre {
  running = [];

  // demo: false gives an empty folder as a newcomer has it: one administrator, whose first password `init` has said.
  // everywhere: a browser that will not send sound to 127.0.0.1 (Firefox) reaches the machine's other address.
  static async open({ demo = true, everywhere = false } = {}) {
    const centre = new Centre();
    centre.folder = mkdtempSync(join(tmpdir(), 'pasokh-console-'));
    centre.data = join(centre.folder, 'data');
    const [sip, http] = [await freePort(), await freePort()];
    centre.sip = `127.0.0.1:${sip}`;
    const said = await centre.run('init', centre.data, ...(demo ? ['--demo'] : []), '--sip', centre.sip, '--http', `127.0.0.1:${http}`, '--rtp', await freeRange(120));
    await centre.freeOtherPorts();
    if (everywhere) centre.set(`listen = "${centre.sip}"`, `listen = "0.0.0.0:${sip}"`);
    centre.demo = demo ? JSON.parse(readFileSync(join(centre.data, 'demo.json'), 'utf8')) : { users: [{ login: 'admin', password: /password:\s*(\S+)/.exec(said)[1] }] };
    centre.address = `http://127.0.0.1:${http}`;
    await centre.start();
    return centre;
  }

  set(before, after) {
    const file = join(this.data, 'pasokh.toml');
    const text = readFileSync(file, 'utf8');
    if (!text.includes(before)) throw new Error(`pasokh.toml has no ${before}`);
    writeFileSync(file, text.replace(before, after));
  }

  // Ports that `init` gives fixed numbers: two test runs on one machine must not meet there.
  async freeOtherPorts() {
    const file = join(this.data, 'pasokh.toml');
    let text = readFileSync(file, 'utf8');
    for (const setting of text.match(/^(https|port|listen)\s*=\s*"?[\d.:[\]]*\d+"?/gm) ?? []) {
      const fixed = /(8443|5061|\b3478\b)/.exec(setting)?.[1];
      if (fixed) text = text.replace(setting, setting.replace(fixed, String(await freePort())));
    }
    text = text.replace(/^https\s*=\s*"0\.0\.0\.0:/m, 'https = "127.0.0.1:');
    const browser = /^\[browser\][^[]*?^(port|ports)\s*=\s*"?(\d+)/ms.exec(text);
    if (browser) text = text.replace(browser[0], browser[0].replace(browser[2], String(await freePort())));
    writeFileSync(file, text);
  }

  async start() {
    this.server = this.spawn('serve', this.data);
    await until('the server is ready', () => this.server.said.includes('ready') || (this.server.exitCode !== null && Promise.reject(new Error(`pasokh serve ended: ${this.server.said}`))), 30);
  }

  spawn(...args) {
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, LC_ALL: 'C.UTF-8' } });
    child.said = '';
    child.stdout.on('data', (text) => (child.said += text));
    child.stderr.on('data', (text) => (child.said += text));
    this.running.push(child);
    return child;
  }

  async run(...args) {
    const child = this.spawn(...args);
    const status = await new Promise((done) => child.once('close', done));
    if (status !== 0) throw new Error(`pasokh ${args.join(' ')}: ${status}: ${child.said}`);
    return child.said;
  }

  password(login) {
    return this.demo.users.find((user) => user.login === login).password;
  }
  // A customer calls; the promise ends with the call.
  customer(number, ...options) {
    const child = this.spawn('call', number, '--data', this.data, ...options);
    child.ended = new Promise((done) => child.once('close', done));
    return child;
  }
  // A carrier that takes every call (SIPp's own answering side), and the line to it: numbers that begin with `prefix` go there.
  async carrier(prefix) {
    const port = await freePort();
    const child = spawn('sipp', ['-sn', 'uas', '-i', '127.0.0.1', '-p', String(port), '-mi', '127.0.0.1', '-nostdin'], { stdio: 'ignore', cwd: this.folder });
    child.said = '';
    this.running.push(child);
    await this.ask('admin', 'PUT', '/v1/trunks/carrier', { host: '127.0.0.1', port: String(port) });
    await this.ask('admin', 'PATCH', '/v1/centre', { outbound: `${prefix}:carrier` });
    return child;
  }
  // A desk phone that answers by itself.
  phone(user) {
    return this.spawn('call', '--answer', '--user', user, '--count', '50', '--wait', '600', '--data', this.data);
  }
  command(...args) {
    return this.run(...args, '--data', this.data);
  }

  // What nobody clicks in a test: one request with the rights of `login`.
  async ask(login, method, path, body) {
    const headers = { 'X-Pasokh': '1', 'Content-Type': 'application/json' };
    this.tokens ??= {};
    this.tokens[login] ??= (await (await fetch(`${this.address}/v1/sessions`, { method: 'POST', headers, body: JSON.stringify({ login, password: this.password(login) }) })).json()).token;
    const answer = await fetch(`${this.address}${path}`, { method, headers: { ...headers, Authorization: `Bearer ${this.tokens[login]}` }, body: body && JSON.stringify(body) });
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
    return answer.status === 204 ? undefined : answer.json();
  }

  async end(child) {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((done) => child.once('close', done));
    child.kill('SIGTERM');
    await Promise.race([gone, sleep(5000).then(() => child.kill('SIGKILL'))]);
    await gone;
  }
  async close() {
    for (const child of this.running.filter((each) => each !== this.server)) await this.end(child);
    await this.end(this.server);
    if (!process.env.KEEP) rmSync(this.folder, { recursive: true, force: true });
  }
}
