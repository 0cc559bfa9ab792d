import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';

const here = new URL('.', import.meta.url).pathname;
const described = JSON.parse(readFileSync(join(here, '../../docs/api/openapi.json'), 'utf8')) as { paths: Record<string, Record<string, unknown>> };

it('the console asks for nothing that is not in the API’s description', () => {
  const root = join(here, '../src');
  const missing: string[] = [];
  for (const file of readdirSync(root, { recursive: true }) as string[]) {
    if (!/\.tsx?$/.test(file) || file.endsWith('schema.ts')) continue;
    for (const [, method, path] of readFileSync(join(root, file), 'utf8').matchAll(/call(?:<[^(]*>)?\('(get|put|post|patch|delete)', '([^']+)'/g)) {
      if (!(method! in (described.paths[path!] ?? {}))) missing.push(`${file}: ${method} ${path}`);
    }
  }
  expect(missing).toEqual([]);
});

it('what is shipped to browsers has a licence that goes with Apache-2.0, and the lock file names no host', () => {
  const text = readFileSync(join(here, '../package-lock.json'), 'utf8');
  const lock = JSON.parse(text) as { packages: Record<string, { license?: string; dev?: boolean; resolved?: string }> };
  const free = /^(MIT|ISC|Apache-2\.0|BSD-2-Clause|BSD-3-Clause|0BSD|OFL(-1\.1)?|CC0-1\.0|Unlicense)$/;
  const others = Object.entries(lock.packages).filter(([name, each]) => name !== '' && !each.dev && !free.test(each.license ?? ''));
  expect(others.map(([name, { license }]) => `${name}: ${license}`)).toEqual([]);
  expect(Object.values(lock.packages).filter((each) => each.resolved)).toEqual([]);
});
