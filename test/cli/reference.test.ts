import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { cliPage } from '../../scripts/reference/cli-page.ts';
import { configurationPage } from '../../scripts/reference/configuration-page.ts';

const committed = (name: string) =>
  readFileSync(join(import.meta.dirname, '../../docs/reference', name), 'utf8');

const STALE = 'run `npm run reference` and commit what it writes';

test('docs/reference/cli.md is what the commands say', async () => {
  expect(committed('cli.md'), STALE).toBe(await cliPage());
});

test('docs/reference/configuration.md is what the schema says, whatever the machine', () => {
  const page = configurationPage();
  expect(committed('configuration.md'), STALE).toBe(page);
  expect(page).toContain('| `run.workers` | whole number above 0 to 256 | one per core |');
});
