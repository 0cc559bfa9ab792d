// Texts: every fa.json and en.json below src/ in one compiled catalogue a language, so that a page fetches one language only and
// the message parser stays out of the browser. `import messages from 'virtual:catalogue/fa'`.
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { compileMessage } from '@lingui/message-utils/compileMessage';

const prefix = 'virtual:catalogue/';

export function catalogueFiles(language, root = new URL('../src', import.meta.url).pathname) {
  return readdirSync(root, { recursive: true }).filter((file) => file.endsWith(`${language}.json`)).sort().map((file) => join(root, file));
}

export function readCatalogue(language, root) {
  const all = {};
  for (const file of catalogueFiles(language, root)) {
    for (const [key, text] of Object.entries(JSON.parse(readFileSync(file, 'utf8')))) {
      if (key in all) throw new Error(`${file}: the text ${key} stands in another catalogue too`);
      all[key] = text;
    }
  }
  return all;
}

export function catalogue() {
  return {
    name: 'catalogue',
    resolveId: (id) => (id.startsWith(prefix) ? `\0${id}` : undefined),
    load(id) {
      if (!id.startsWith(`\0${prefix}`)) return undefined;
      const language = id.slice(prefix.length + 1);
      catalogueFiles(language).forEach((file) => this.addWatchFile(file));
      const compiled = Object.fromEntries(Object.entries(readCatalogue(language)).map(([key, text]) => [key, compileMessage(text)]));
      return `export default JSON.parse(${JSON.stringify(JSON.stringify(compiled))})`;
    },
  };
}
