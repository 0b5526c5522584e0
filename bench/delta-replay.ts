// Opens a table whose log has 10,000 commits, beside delta-rs: fresh processes, alternating, median and range.
// Usage: node bench/delta-replay.ts [commits] [rounds]
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DeltaTable } from '../src/delta/index.ts';

const COMMITS = Number(process.argv[2] ?? 10_000);
const ROUNDS = Number(process.argv[3] ?? 5);

function writeLog(folder: string): void {
  const log = join(folder, '_delta_log');
  mkdirSync(log);
  const fields = ['open', 'high', 'low', 'close', 'volume'].map((name) => ({
    name,
    type: 'double',
    nullable: true,
    metadata: {},
  }));
  const metaData = {
    id: 'bench',
    format: { provider: 'parquet', options: {} },
    schemaString: JSON.stringify({ type: 'struct', fields }),
    partitionColumns: [],
    configuration: {},
  };
  write(log, 0, [{ protocol: { minReaderVersion: 1, minWriterVersion: 2 } }, { metaData }]);
  for (let version = 1; version < COMMITS; version++) write(log, version, appendCommit(version, fields));
}

function appendCommit(version: number, fields: readonly { name: string }[]): object[] {
  const values = (base: number) => Object.fromEntries(fields.map(({ name }, i) => [name, base + i / 4]));
  const stats = {
    numRecords: 1000,
    minValues: values(version % 97),
    maxValues: values((version % 97) + 10),
    nullCount: Object.fromEntries(fields.map(({ name }) => [name, 0])),
  };
  const add = {
    path: `part-${String(version).padStart(6, '0')}.parquet`,
    partitionValues: {},
    size: 40_000 + (version % 977),
    modificationTime: 1_704_067_200_000 + version,
    dataChange: true,
    stats: JSON.stringify(stats),
  };
  return [
    { commitInfo: { timestamp: version, operation: 'WRITE', operationParameters: { mode: 'Append' } } },
    { add },
  ];
}

function write(log: string, version: number, actions: readonly object[]): void {
  const lines = actions.map((action) => `${JSON.stringify(action)}\n`).join('');
  writeFileSync(join(log, `${String(version).padStart(20, '0')}.json`), lines);
}

const PYTHON = `
import sys, time, resource
from deltalake import DeltaTable
start = time.perf_counter()
table = DeltaTable(sys.argv[1]); files = len(table.file_uris())
print(time.perf_counter() - start, files, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
`;

/** Seconds to open and count files, without the process's start; files; peak MB. */
function measure(command: string, args: readonly string[]): readonly number[] {
  const run = spawnSync(command, args, { encoding: 'utf8' });
  if (run.status !== 0) throw new Error(`${command} failed: ${run.error ?? run.stderr}`);
  return run.stdout.trim().split(/\s+/).map(Number);
}

async function child(folder: string): Promise<void> {
  const start = performance.now();
  const table = await DeltaTable.open(folder);
  const { total } = await table.scan();
  console.log((performance.now() - start) / 1000, total, process.resourceUsage().maxRSS / 1024);
}

function summary(name: string, runs: readonly (readonly number[])[]): string {
  const seconds = runs.map((run) => run[0] ?? 0).sort((a, b) => a - b);
  const median = seconds[seconds.length >> 1] ?? 0;
  const peak = Math.max(...runs.map((run) => run[2] ?? 0));
  const range = `${seconds[0]?.toFixed(2)} … ${seconds.at(-1)?.toFixed(2)}`;
  return `${name.padEnd(10)} ${median.toFixed(2)} s (${range}), ${peak.toFixed(0)} MB peak`;
}

function main(): void {
  const folder = mkdtempSync(join(tmpdir(), 'barline-bench-'));
  try {
    writeLog(folder);
    const ours: (readonly number[])[] = [];
    const theirs: (readonly number[])[] = [];
    const self = fileURLToPath(import.meta.url);
    for (let round = 0; round < ROUNDS; round++) {
      const sides = [
        () => ours.push(measure(process.execPath, [self, 'open', folder])),
        () => theirs.push(measure('python3', ['-c', PYTHON, folder])),
      ];
      for (const side of round % 2 === 0 ? sides : sides.reverse()) side();
    }
    for (const run of [...ours, ...theirs]) {
      if (run[1] !== COMMITS - 1) throw new Error(`expected ${COMMITS - 1} files, found ${run[1]}`);
    }
    console.log(
      `${COMMITS} commits, ${ROUNDS} rounds, Node ${process.version}, ${cpus().length} × ${cpus()[0]?.model}`,
    );
    console.log(summary('barline', ours));
    console.log(summary('delta-rs', theirs));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

if (process.argv[2] === 'open') await child(process.argv[3] ?? '');
else main();
