import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readCatalogue } from '../scripts/catalogue.mjs';

const root = join(new URL('.', import.meta.url).pathname, '../src');
const sources = (readdirSync(root, { recursive: true }) as string[]).filter((file) => file.endsWith('.tsx')).map((file) => ({ file, text: readFileSync(join(root, file), 'utf8') }));
const [fa, en] = [readCatalogue('fa', root) as Record<string, string>, readCatalogue('en', root) as Record<string, string>];

describe('Persian first, English equal', () => {
  it('every text exists in both languages', () => {
    expect(Object.keys(fa).sort()).toEqual(Object.keys(en).sort());
  });

  it('a Persian text is in Persian, an English one has no Persian letters', () => {
    const codes = /^(20s، 3m، 1h|[a-z]+:\d,[a-z]+:\d|[\d./,]+)$/; // examples of what to type
    expect(Object.entries(fa).filter(([, text]) => !/[\u0600-\u06FF]/.test(text) && !codes.test(text))).toEqual([]);
    expect(Object.entries(en).filter(([, text]) => /[\u0600-\u06FF]/.test(text))).toEqual([]);
  });

  it('both languages take the same values', () => {
    const values = (text: string) => [...text.matchAll(/\{(\w+)/g)].map((found) => found[1]).filter((name) => name !== 'one' && name !== 'other').sort();
    expect(Object.keys(en).filter((key) => values(fa[key]!).join() !== values(en[key]!).join())).toEqual([]);
  });

  it('no text stands in the code itself', () => {
    const literal = />\s*([A-Za-z][A-Za-z ,.'!?]{2,})\s*<\//g;
    const found = sources.flatMap(({ file, text }) => [...text.matchAll(literal)].map((each) => `${file}: ${each[1]}`)).filter((each) => !/: CSV$/.test(each));
    expect(found).toEqual([]);
    expect(sources.filter(({ text }) => /[\u0600-\u06FF]/.test(text.replace("'فارسی'", '').replace(/\[0-9۰-۹\]/g, ''))).map(({ file }) => file)).toEqual([]);
  });

  it('every text is used', () => {
    const all = [...sources.map(({ text }) => text), ...(readdirSync(root, { recursive: true }) as string[]).filter((file) => file.endsWith('.ts') && !file.endsWith('schema.ts')).map((file) => readFileSync(join(root, file), 'utf8'))].join('\n');
    const prefixes = [...all.matchAll(/`([\w.]+)\.\$\{/g), ...all.matchAll(/textOfCode\(t, '(\w+)'/g)].map((found) => `${found[1]}.`);
    expect(Object.keys(en).filter((key) => !all.includes(`'${key}'`) && !prefixes.some((prefix) => key.startsWith(prefix)))).toEqual([]);
  });
});

describe('style', () => {
  it('features do not import each other', () => {
    const crossing = sources.flatMap(({ file, text }) => {
      const own = /^features\/(\w+)\//.exec(file)?.[1];
      return own ? [...text.matchAll(/from '\.\.\/(\w+)\//g)].map((found) => `${file} -> ${found[1]}`) : [];
    });
    expect(crossing).toEqual([]);
  });

  it('nothing is placed left or right of the text: the page is mirrored', () => {
    const physical = /\b(marginLeft|marginRight|paddingLeft|paddingRight|borderLeft|borderRight|\bml:|\bmr:|\bpl:|\bpr:)\b/;
    expect(sources.filter(({ text }) => physical.test(text)).map(({ file }) => file)).toEqual([]);
  });
});
