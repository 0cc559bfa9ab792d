// src/app/api/schema.ts from docs/api/openapi.json; made anew only when the description has changed.
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import openapiTypescript, { astToString } from 'openapi-typescript';

const from = new URL('../../docs/api/openapi.json', import.meta.url);
const to = new URL('../src/app/api/schema.ts', import.meta.url);
if (!existsSync(to) || statSync(to).mtimeMs < statSync(from).mtimeMs) {
  writeFileSync(to, astToString(await openapiTypescript(JSON.parse(readFileSync(from, 'utf8')))));
}
