// Writes the generated pages of docs/reference, which a test compares with a fresh run, and the README's figures.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { benchTable } from './reference/bench-table.ts';
import { cliPage } from './reference/cli-page.ts';
import { configurationPage } from './reference/configuration-page.ts';

const root = join(import.meta.dirname, '..');
const readme = readFileSync(join(root, 'README.md'), 'utf8');
const pages = {
  'docs/reference/cli.md': await cliPage(),
  'docs/reference/configuration.md': configurationPage(),
  'README.md': readme.replace(
    /(<!-- bench -->\n)[\s\S]*?(<!-- \/bench -->)/,
    (_all, start: string, end: string) => `${start}\n${benchTable(root)}\n\n${end}`,
  ),
};
for (const [name, text] of Object.entries(pages)) {
  writeFileSync(join(root, name), text);
  console.log(`${name}: ${text.split('\n').length - 1} lines`);
}
