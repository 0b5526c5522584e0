// One month of `training_bars` (621,000 rows × 61 columns) from arrays in memory to a Parquet file in memory, one
// thread, beside pyarrow: the first time in a process and again; the files' sizes.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { encodeParquet } from '../src/parquet/index.ts';
import { compare, type Standing } from './harness/comparison.ts';
import type { Contestant } from './harness/contestants.ts';
import { loadNow, loadWarning, machineFacts } from './harness/machine.ts';
import { loadMonthColumns, storeMonthColumns } from './harness/month-columns.ts';
import { BenchmarkError, findPython, type Python } from './harness/python.ts';
import { writeResult } from './harness/results.ts';
import { benchFolder, sampleData } from './harness/sample-data.ts';
import { spreadOf } from './harness/spread.ts';
import { showSpread, textTable } from './harness/text.ts';

const MONTH = '2024-10';
/** As the monthly run cuts a month: six sessions. */
const ROW_GROUP_ROWS = 162_000;
const ENCODINGS = 6;
const DEFAULT_ROUNDS = 5;

const SELF = fileURLToPath(import.meta.url);
const PEER = fileURLToPath(new URL('./peers/parquet_encode.py', import.meta.url));

/** pyarrow's ways, as `parquet_encode.py` names them. */
const PYARROW = {
  default: 'pyarrow, zstd 1, all else default',
  spark: 'pyarrow, tuned, no byte stream split',
  tuned: 'pyarrow, tuned',
} as const;

interface EncodeLine {
  readonly rows: number;
  /** Of each encoding in turn. */
  readonly wallSeconds: readonly number[];
  readonly cpuSeconds: readonly number[];
}

/** A contestant's own process: takes up the columns, encodes them again and again, writes the last file. */
async function encodeHere(folder: string, lake: string): Promise<void> {
  const month = await storeMonthColumns('', folder);
  const columns = loadMonthColumns(month, folder);
  const schema = { fields: month.columns.map(({ field }) => field) };
  const wallSeconds: number[] = [];
  const cpuSeconds: number[] = [];
  let pieces: Uint8Array[] = [];
  for (let k = 0; k < ENCODINGS; k++) {
    const cpu = process.cpuUsage();
    const start = performance.now();
    pieces = encodeParquet(schema, columns, { rowGroupRows: ROW_GROUP_ROWS, zstdLevel: 1 });
    wallSeconds.push((performance.now() - start) / 1000);
    const { user, system } = process.cpuUsage(cpu);
    cpuSeconds.push((user + system) / 1e6);
  }
  const table = join(lake, 'training_bars');
  mkdirSync(table, { recursive: true });
  writeFileSync(join(table, 'month.parquet'), Buffer.concat(pieces));
  console.log(JSON.stringify({ rows: month.rowCount, wallSeconds, cpuSeconds } satisfies EncodeLine));
}

function contestant(name: string, command: readonly string[], bench: string, columns: string): Contestant {
  return {
    name,
    shown: command.map((word) => word.split('/').at(-1)).join(' '),
    commandLine: (lake) => ({ command: [...command, columns, lake], directory: bench }),
    report: (stdout) => {
      const { rows, wallSeconds, cpuSeconds }: EncodeLine = JSON.parse(stdout.trimEnd());
      const first = {
        'first, wall': wallSeconds[0] ?? Number.NaN,
        'first, CPU': cpuSeconds[0] ?? Number.NaN,
      };
      const again = {
        'again, wall': spreadOf(wallSeconds.slice(1)).median,
        'again, CPU': spreadOf(cpuSeconds.slice(1)).median,
      };
      return { rows, insideSeconds: again['again, wall'], stageSeconds: { ...first, ...again } };
    },
  };
}

function contestants(python: Python, bench: string, columns: string): Contestant[] {
  return [
    contestant('Barline', [process.execPath, SELF, '--encode'], bench, columns),
    ...Object.entries(PYARROW).map(([way, name]) =>
      contestant(name, [python.command, PEER, way], bench, columns),
    ),
  ];
}

function standingsText(standings: readonly Standing[]): string {
  const first = standings[0];
  const head = ['', 'first CPU s', 'again CPU s', 'again wall s', 'MB', 'peak MB', 'Barline by this'];
  const rows = standings.map((each) => {
    const stage = (name: string) => {
      const spread = each.stageSeconds[name];
      return spread === undefined ? '' : showSpread(spread, 3);
    };
    const byThis = each.runs.map((run, k) => {
      const own = first?.runs[k]?.stageSeconds['again, CPU'] ?? Number.NaN;
      return own / (run.stageSeconds['again, CPU'] ?? Number.NaN);
    });
    return [
      each.name,
      ...['first, CPU', 'again, CPU', 'again, wall'].map(stage),
      (each.bytesWritten / 1e6).toFixed(2),
      (each.peakRssBytes.most / 1e6).toFixed(0),
      each === first ? '' : showSpread(spreadOf(byThis)),
    ];
  });
  return textTable([head, ...rows]);
}

async function runBenchmark(rounds: number): Promise<void> {
  const python = findPython(process.env);
  const machine = machineFacts(python);
  const bench = benchFolder(process.env);
  const data = await sampleData(bench, MONTH, MONTH);
  const columns = join(bench, `columns-${MONTH}-seed-${data.seed}`);
  const [year, month] = MONTH.split('-');
  const file = `glbx-mdp3-${year}${month}01-${year}${month}31.ohlcv-1s.dbn.zst`;
  const { rowCount, columns: stored } = await storeMonthColumns(join(data.folder, file), columns);
  const warning = loadWarning(loadNow(), machine.cores);
  console.log(`parquet-encode: ${rowCount} rows × ${stored.length} columns, ${rounds} rounds, one thread`);
  if (warning) console.log(warning);
  const standings = compare({
    contestants: contestants(python, bench, columns),
    python,
    bench,
    rows: rowCount,
    rounds,
    onRun: (name, { round, stageSeconds }) =>
      console.log(
        `  round ${round}  ${name.padEnd(36)} ${stageSeconds['again, CPU']?.toFixed(3)} s CPU again`,
      ),
  });
  console.log(`\n${standingsText(standings)}`);
  const input = { month: MONTH, seed: data.seed, rows: rowCount, columns: stored.length };
  writeResult('parquet-encode', { machine, warning, input, rounds, encodings: ENCODINGS, standings });
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: 'string' },
    // nothing is built here: accepted as the other benchmarks do
    'no-build': { type: 'boolean', default: false },
    encode: { type: 'boolean', default: false },
  },
});
try {
  if (values.encode) await encodeHere(positionals[0] ?? '', positionals[1] ?? '');
  else await runBenchmark(Number(values.rounds ?? DEFAULT_ROUNDS));
} catch (error) {
  if (!(error instanceof BenchmarkError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
