// `npm run bench` runs every benchmark, `npm run bench -- NAME …` some; each in a process of its own.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

/** Names that differ from their file's. */
const FILES: Readonly<Record<string, string>> = { labels: 'labels-features' };
/** Data of benchmarks, not benchmarks. */
const NOT_BENCHMARKS = new Set(['main', 'market-months']);
/** Hundreds of months to generate first, or a broker to install: run only when named. */
const ONLY_BY_NAME = new Set(['months', 'stream']);
/** Benchmarks that know `--rounds` and `--no-build`. */
const WITH_OPTIONS = new Set(['month', 'months', 'year', 'parquet-encode', 'delta']);

const here = new URL('./', import.meta.url);

function knownNames(): string[] {
  const renamed = new Map(Object.entries(FILES).map(([name, file]) => [file, name]));
  return readdirSync(here)
    .filter((file) => file.endsWith('.ts'))
    .map((file) => file.slice(0, -'.ts'.length))
    .filter((file) => !NOT_BENCHMARKS.has(file))
    .map((file) => renamed.get(file) ?? file)
    .sort();
}

function main(): number {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      rounds: { type: 'string' },
      'no-build': { type: 'boolean', default: false },
      from: { type: 'string' },
      to: { type: 'string' },
    },
  });
  const rounds = Number(values.rounds ?? 1);
  if (!Number.isInteger(rounds) || rounds < 1) {
    console.error(`--rounds ${values.rounds}: expected a whole number above 0`);
    return 2;
  }
  const known = knownNames();
  const names = positionals.length > 0 ? positionals : known.filter((name) => !ONLY_BY_NAME.has(name));
  for (const name of names) {
    const script = new URL(`${FILES[name] ?? name}.ts`, here);
    if (!known.includes(name) || !existsSync(script)) {
      console.error(`no benchmark is named ${name}; there are ${known.join(', ')}`);
      return 2;
    }
    const options = [
      ...(values.rounds === undefined ? [] : ['--rounds', values.rounds]),
      ...(values['no-build'] ? ['--no-build'] : []),
      ...(values.from === undefined || name !== 'months' ? [] : ['--from', values.from]),
      ...(values.to === undefined || name !== 'months' ? [] : ['--to', values.to]),
    ];
    console.log(`\n== ${name}`);
    const run = spawnSync(
      process.execPath,
      [fileURLToPath(script), ...(WITH_OPTIONS.has(name) ? options : [])],
      { stdio: 'inherit' },
    );
    if (run.status !== 0) return 1;
  }
  return 0;
}

process.exitCode = main();
