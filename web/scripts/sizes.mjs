// What the agent's desk fetches before it can be used, compressed; `node scripts/sizes.mjs` prints it as JSON for bench/run.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

export const limits = { desk_first_load_gz_bytes: 300_000, fonts_bytes: 102_400 };

// Everything the entry and the desk's page import statically, and the catalogue of one language.
export function sizes(out) {
  const manifest = JSON.parse(readFileSync(join(out, 'manifest.json'), 'utf8'));
  const files = new Set();
  const visit = (key) => {
    const chunk = manifest[key];
    if (!chunk || files.has(chunk.file)) return;
    files.add(chunk.file);
    chunk.css?.forEach((file) => files.add(file));
    chunk.imports?.forEach(visit);
  };
  visit('index.html');
  visit(keyOf(manifest, /DeskPage/));
  visit(keyOf(manifest, /PhoneBar/));
  visit(keyOf(manifest, /catalogue\/fa/));
  const gz = (file) => gzipSync(readFileSync(join(out, file)), { level: 9 }).length;
  const fonts = Object.values(manifest).map((chunk) => chunk.file).filter((file) => file.endsWith('.woff2'));
  return {
    desk_first_load_gz_bytes: [...files].filter((file) => !file.endsWith('.woff2')).reduce((sum, file) => sum + gz(file), 0),
    fonts_bytes: [...new Set(fonts)].reduce((sum, file) => sum + readFileSync(join(out, file)).length, 0),
  };
}

function keyOf(manifest, pattern) {
  const key = Object.keys(manifest).find((each) => pattern.test(each));
  if (!key) throw new Error(`the build has no ${pattern}`);
  return key;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  console.log(JSON.stringify(sizes(process.env.CONSOLE_OUT ?? fileURLToPath(new URL('../../build/console', import.meta.url)))));
}
