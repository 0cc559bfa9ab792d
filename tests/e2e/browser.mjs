// Chromium through Playwright, Firefox through WebDriver BiDi (Playwright drives only a Firefox of its own making): one small face.
import { createRequire } from 'node:module';
import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';

const require = createRequire(new URL('../../web/package.json', import.meta.url));

export const axeSource = () => require.resolve('axe-core/axe.min.js');

export async function openChromium({ microphone }) {
  const { chromium } = require('playwright-core');
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream', `--use-file-for-fake-audio-capture=${microphone}`, '--autoplay-policy=no-user-gesture-required', '--allow-loopback-in-peer-connection'],
  });
}

export async function openFirefox() {
  const puppeteer = require('puppeteer-core');
  return puppeteer.launch({
    browser: 'firefox',
    executablePath: process.env.FIREFOX ?? '/usr/bin/firefox-esr',
    headless: true,
    extraPrefsFirefox: { 'media.navigator.streams.fake': true, 'media.navigator.permission.disabled': true, 'media.autoplay.default': 0, 'media.peerconnection.ice.loopback': true, 'intl.accept_languages': 'fa' },
  });
}

// Preferences as the page keeps them, before it runs.
// (A frame that the browser refused to fill has an origin of its own, "null", and no storage.)
export const speaking = (language) => [(chosen) => self.origin !== 'null' && localStorage.setItem('pasokh.preferences', JSON.stringify({ language: chosen, calendar: chosen === 'fa' ? 'jalali' : 'gregorian', scheme: 'light' })), language];

export async function picture(page, path) {
  mkdirSync(dirname(path), { recursive: true });
  await page.screenshot({ path, animations: 'disabled' });
}
