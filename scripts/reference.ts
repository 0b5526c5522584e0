// Writes the generated pages of docs/reference. A test compares what is committed with a fresh run.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cliPage } from './reference/cli-page.ts';
import { configurationPage } from './reference/configuration-page.ts';

const folder = join(import.meta.dirname, '..', 'docs', 'reference');
const pages = { 'cli.md': await cliPage(), 'configuration.md': configurationPage() };
for (const [name, text] of Object.entries(pages)) {
  writeFileSync(join(folder, name), text);
  console.log(`docs/reference/${name}: ${text.split('\n').length - 1} lines`);
}
