// Opens a table of 100,000 files from a checkpoint, beside delta-rs: fresh processes, alternating, median and range.
// Usage: node bench/delta-open.ts [files] [rounds]
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DeltaTable } from '../src/delta/index.ts';
import { DuckDbSession, quoteText } from '../src/duckdb/index.ts';

const FILES = Number(process.argv[2] ?? 100_000);
const ROUNDS = Number(process.argv[3] ?? 5);
const NAMES = ['open', 'high', 'low', 'close', 'volume'];
const field = (name: string, type: string) => ({ name, type, nullable: true, metadata: {} });
const schemaString = JSON.stringify({
  type: 'struct',
  fields: [...NAMES.map((name) => field(name, 'double')), field('day', 'date')],
});
const PROTOCOL = { minReaderVersion: 1, minWriterVersion: 2 };
const METADATA = {
  id: 'bench',
  format: { provider: 'parquet', options: {} },
  schemaString,
  partitionColumns: ['day'],
  configuration: {},
};

/** A thousand days of files with statistics of five columns, some 270 bytes each. */
async function writeLog(folder: string): Promise<void> {
  const log = join(folder, '_delta_log');
  mkdirSync(log);
  const commit = (version: number, actions: readonly object[]) =>
    writeFileSync(
      join(log, `${String(version).padStart(20, '0')}.json`),
      actions.map((action) => `${JSON.stringify(action)}\n`).join(''),
    );
  commit(0, [{ protocol: PROTOCOL }, { metaData: METADATA }]);
  commit(1, []);
  const day = "(DATE '2000-01-01' + (range % 1000)::INTEGER)::VARCHAR";
  const bounds = (above: number) =>
    `{${NAMES.map((name, i) => `${name}: range + ${above + i / 4}`).join(', ')}}`;
  const nulls = `{${NAMES.map((name) => `${name}: 0`).join(', ')}}`;
  const stats = `to_json({numRecords: 1000, minValues: ${bounds(0)}, maxValues: ${bounds(10)}, nullCount: ${nulls}})::VARCHAR`;
  const noText = 'MAP {}::MAP(VARCHAR, VARCHAR)';
  const metadata = `{id: 'bench', format: {provider: 'parquet', options: ${noText}}, "schemaString": ${quoteText(schemaString)}, "partitionColumns": ['day'], configuration: ${noText}}`;
  const add = `{path: 'day=' || ${day} || '/part-' || range || '-' || uuid()::VARCHAR || '.parquet', "partitionValues": MAP {'day': ${day}}, size: 40000 + range, "modificationTime": 1704067200000, "dataChange": false, stats: ${stats}, tags: NULL::MAP(VARCHAR, VARCHAR)}`;
  const rows = `SELECT CASE WHEN range = ${FILES} THEN {"minReaderVersion": 1, "minWriterVersion": 2} END AS protocol, CASE WHEN range = ${FILES} THEN ${metadata} END AS "metaData", CASE WHEN range < ${FILES} THEN ${add} END AS add FROM range(${FILES + 1})`;
  using session = await DuckDbSession.open({ memoryByteLength: 1e9, threads: 1, temporaryFolder: tmpdir() });
  await session.copy(rows, join(log, `${'1'.padStart(20, '0')}.checkpoint.parquet`), 'FORMAT parquet');
  writeFileSync(join(log, '_last_checkpoint'), '{"version":1,"size":1}');
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
  const figures = run.stdout.trim().split(/\s+/).map(Number);
  if (figures[1] !== FILES) throw new Error(`expected ${FILES} files, found ${figures[1]}`);
  return figures;
}

async function child(folder: string): Promise<void> {
  const start = performance.now();
  const table = await DeltaTable.open(folder);
  const { total } = await table.scan();
  console.log((performance.now() - start) / 1000, total, process.resourceUsage().maxRSS / 1024);
}

function summary(name: string, runs: readonly (readonly number[])[]): string {
  const seconds = runs.map((run) => run[0] ?? 0).sort((a, b) => a - b);
  const range = `${seconds[0]?.toFixed(2)} … ${seconds.at(-1)?.toFixed(2)}`;
  const peak = Math.max(...runs.map((run) => run[2] ?? 0));
  return `${name.padEnd(10)} ${seconds[seconds.length >> 1]?.toFixed(2)} s (${range}), ${peak.toFixed(0)} MB peak`;
}

async function main(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'barline-bench-'));
  try {
    await writeLog(folder);
    const ours: (readonly number[])[] = [];
    const theirs: (readonly number[])[] = [];
    const self = fileURLToPath(import.meta.url);
    for (let round = 0; round < ROUNDS; round++) {
      const sides = [
        () => ours.push(measure(process.execPath, [self, String(FILES), '1', 'open', folder])),
        () => theirs.push(measure('python3', ['-c', PYTHON, folder])),
      ];
      for (const side of round % 2 === 0 ? sides : sides.reverse()) side();
    }
    const machine = `${cpus().length} × ${cpus()[0]?.model}`;
    console.log(`${FILES} files from a checkpoint, ${ROUNDS} rounds, Node ${process.version}, ${machine}`);
    console.log(summary('barline', ours));
    console.log(summary('delta-rs', theirs));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

if (process.argv[4] === 'open') await child(process.argv[5] ?? '');
else await main();
