import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { runCli } from '../cli/run-cli.ts';
import { run } from '../months/lake-contents.ts';
import { writeSmallMonths } from '../months/small-months.ts';

const repository = join(import.meta.dirname, '../..');
const readme = readFileSync(join(repository, 'README.md'), 'utf8');
const blocks = (language: string) =>
  [...readme.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, 'gms'))].map(([, text = '']) => text);

const root = mkdtempSync(join(tmpdir(), 'barline-readme-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

let rowsOfMarch = 0;
beforeAll(async () => {
  const [data, lake] = [join(root, 'demo/data'), join(root, 'demo/lake')];
  await writeSmallMonths(data);
  const { outcomes } = await run(data, lake);
  rowsOfMarch = outcomes.find(({ month }) => month === '2024-03')?.rows ?? 0;
});

function python(code: string): string {
  const { status, stdout, stderr } = spawnSync('python3', ['-c', code], { cwd: root, encoding: 'utf8' });
  expect(status, stderr).toBe(0);
  return stdout;
}

it('the lines for pandas and DuckDB do what they say', () => {
  const [pandas = '', duckdb = '', ...others] = blocks('python');
  expect(others.every((block) => block.includes('spark'))).toBe(true);
  expect(python(`${pandas}\nprint(earlier.version())`)).toBe(`(${rowsOfMarch}, 4)\n1\n`);
  expect(python(duckdb)).toMatch(new RegExp(`2024-03.*${rowsOfMarch}`));
});

it('the lines for Node do what they say', () => {
  const names = blocks('js').map((block, index) => {
    const source = block.replace(
      /'barline\/(\w+)'/,
      (_all, name: string) => `'${pathToFileURL(join(repository, 'src', name, 'index.ts'))}'`,
    );
    const path = join(root, `block-${index}.mjs`);
    writeFileSync(path, source);
    return path;
  });
  const outputs = names.map((path) => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [path], { cwd: root, encoding: 'utf8' });
    expect(status, stderr).toBe(0);
    return stdout;
  });
  expect(outputs).toHaveLength(2);
  expect(outputs[0]).toMatch(/^\d+ ESH4 [\d.]+\n$/);
  expect(outputs[1]).toMatch(/^3 \[\s+'\S+month=2024-02\S+\.parquet'\s+\]\n$/);
});

it('the bars of the bundled sample are those it shows', async () => {
  const block = blocks('console').find((text) => text.startsWith('$ barline ingest ')) ?? '';
  const [command = '', ...shown] = block.trimEnd().split('\n');
  const { code, stdout } = await runCli(command.split(' ').slice(2), { cwd: root });
  expect(code).toBe(0);
  const untimed = (line: string) => line.replace(/;.*| in \/.*|^in .*/, '');
  expect(stdout.trimEnd().split('\n').map(untimed)).toEqual(shown.map(untimed));
});
