// Builds the console into build/console (or CONSOLE_OUT): client types from the API's description, bundle, .gz beside each text file,
// and a failure when the agent's desk has grown too heavy for its first load. Quiet when all is well.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build } from 'vite';
import { limits, sizes } from './sizes.mjs';

process.chdir(fileURLToPath(new URL('..', import.meta.url)));
const out = process.env.CONSOLE_OUT ?? '../build/console';

execFileSync(process.execPath, ['scripts/api.mjs'], { stdio: 'inherit' });
await build({ logLevel: process.env.VERBOSE ? 'info' : 'warn' });

for (const file of readdirSync(out, { recursive: true })) {
  if (!/\.(js|css|html|svg|json)$/.test(file)) continue;
  const bytes = readFileSync(join(out, file));
  if (bytes.length > 1000) writeFileSync(join(out, `${file}.gz`), gzipSync(bytes, { level: 9 }));
}

const measured = sizes(out);
for (const [name, limit] of Object.entries(limits)) {
  if (measured[name] > limit) {
    console.error(`web: ${name} is ${measured[name]} bytes, the limit is ${limit}. Load what a first call does not need later (import()).`);
    process.exitCode = 1;
  }
}
if (!existsSync(join(out, 'index.html'))) process.exitCode = 1;
