// Barline's Delta tables beside delta-rs: the same inputs, each workload in a fresh process, in turn, order reversed every
// round. Seconds are those of the work alone, without the process's start and its libraries.
// Usage: node bench/delta.ts [--rounds 3] [--rows 10000000] [--only replay,zorder] [--work FOLDER]
import { spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { DeltaTable } from '../src/delta/index.ts';
import { DELTA_WORKLOADS, type DeltaWorkload } from './harness/delta-workloads.ts';
import { loadNow, loadWarning, machineFacts } from './harness/machine.ts';
import { findPython, type Python } from './harness/python.ts';
import { spreadOf } from './harness/spread.ts';
import { showSpread, textTable } from './harness/text.ts';

const SELF = fileURLToPath(import.meta.url);
const PEER = fileURLToPath(new URL('./peers/delta.py', import.meta.url));
const TARGET_BYTES = 64 << 20;

interface Report {
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly peakBytes: number;
  readonly facts: Readonly<Record<string, number>>;
}

type Side = 'barline' | 'delta-rs';

interface Request {
  readonly work: string;
  readonly rowCount: number;
  readonly python: Python;
}

function inputOf({ work, rowCount }: Request, side: Side, workload: DeltaWorkload): string | undefined {
  const { input } = workload;
  if (input === undefined) return undefined;
  if (input === 'table') return join(work, `table-${rowCount}`);
  return join(work, input === 'zordered' ? `zordered-${rowCount}-${side}` : input);
}

/** Data files are linked, the log is copied: neither side writes into a file that is there. */
function copyTable(from: string, to: string): void {
  mkdirSync(to);
  cpSync(join(from, '_delta_log'), join(to, '_delta_log'), { recursive: true });
  for (const name of readdirSync(from)) {
    if (name.endsWith('.parquet')) linkSync(join(from, name), join(to, name));
  }
}

function measure(request: Request, side: Side, name: string, workload: DeltaWorkload): Report {
  const input = inputOf(request, side, workload);
  const copy = join(request.work, `run-${side}-${name}`);
  rmSync(copy, { recursive: true, force: true });
  if (workload.writes === true && input !== undefined) copyTable(input, copy);
  const path = workload.writes === true ? copy : (input ?? copy);
  const rows = String(request.rowCount);
  const run =
    side === 'barline'
      ? spawnSync(process.execPath, [SELF, 'run', name, path, rows], { encoding: 'utf8' })
      : spawnSync(request.python.command, [PEER, 'run', name, path, rows], { encoding: 'utf8' });
  rmSync(copy, { recursive: true, force: true });
  if (run.status !== 0) throw new Error(`${side} failed at ${name}: ${run.error ?? run.stderr}`);
  return JSON.parse(run.stdout.trim().split('\n').at(-1) ?? '');
}

async function prepare(request: Request, names: readonly string[]): Promise<void> {
  const { work, rowCount, python } = request;
  mkdirSync(work, { recursive: true });
  const inputs = new Set(
    names.map((name) => DELTA_WORKLOADS[name]?.input).filter((input) => input !== undefined),
  );
  const made = spawnSync(python.command, [PEER, 'prepare', work, String(rowCount), ...inputs], {
    encoding: 'utf8',
  });
  if (made.status !== 0) throw new Error(`the inputs cannot be made: ${made.error ?? made.stderr}`);
  if (!inputs.has('zordered')) return;
  for (const side of ['barline', 'delta-rs'] as const) {
    const path = join(work, `zordered-${rowCount}-${side}`);
    if (existsSync(path)) continue;
    const half = `${path}.half`;
    rmSync(half, { recursive: true, force: true });
    copyTable(join(work, `table-${rowCount}`), half);
    if (side === 'barline') {
      const table = await DeltaTable.open(half);
      await table.optimize({ zOrderBy: ['asset_pair', 'timestamp'], targetFileSize: TARGET_BYTES });
    } else {
      const run = spawnSync(python.command, [PEER, 'run', 'zorder', half, String(rowCount)], {
        encoding: 'utf8',
      });
      if (run.status !== 0) throw new Error(`delta-rs cannot order the table: ${run.stderr}`);
    }
    renameSync(half, path);
  }
}

function line(title: string, ours: readonly Report[], theirs: readonly Report[]): string[] {
  const seconds = (runs: readonly Report[]) => spreadOf(runs.map((run) => run.seconds));
  const peak = (runs: readonly Report[]) => (Math.max(...runs.map((run) => run.peakBytes)) / 1e6).toFixed(0);
  const cpu = (runs: readonly Report[]) => spreadOf(runs.map((run) => run.cpuSeconds)).median.toFixed(2);
  const ratio = spreadOf(ours.map((run, i) => run.seconds / (theirs[i]?.seconds ?? Number.NaN)));
  const side = (runs: readonly Report[]) => [showSpread(seconds(runs)), cpu(runs), peak(runs)];
  return [title, ...side(ours), ...side(theirs), showSpread(ratio)];
}

async function compare(request: Request, names: readonly string[], rounds: number): Promise<void> {
  await prepare(request, names);
  const machine = machineFacts(request.python);
  console.log(
    `${machine.cores} × ${machine.cpu}, Node ${machine.node}, deltalake ${machine.packages.deltalake}, ${request.rowCount} rows, ${rounds} rounds`,
  );
  const warning = loadWarning(loadNow(), machine.cores);
  if (warning !== null) console.log(warning);
  const head = ['barline s', 'CPU s', 'peak MB', 'delta-rs s', 'CPU s', 'peak MB', 'barline by delta-rs'];
  const rows: string[][] = [['', ...head]];
  for (const name of names) {
    const workload = DELTA_WORKLOADS[name];
    if (workload === undefined) continue;
    const runs: Record<Side, Report[]> = { barline: [], 'delta-rs': [] };
    for (let round = 0; round < rounds; round++) {
      const order: Side[] = round % 2 === 0 ? ['barline', 'delta-rs'] : ['delta-rs', 'barline'];
      for (const side of order) runs[side].push(measure(request, side, name, workload));
    }
    const facts = [...runs.barline, ...runs['delta-rs']].map((run) => JSON.stringify(run.facts));
    if (new Set(facts).size !== 1)
      throw new Error(`${name}: the two sides differ: ${[...new Set(facts)].join(', ')}`);
    rows.push(line(workload.title, runs.barline, runs['delta-rs']));
    console.error(rows.at(-1)?.join('  '));
  }
  console.log(textTable(rows));
}

async function runOnce([name = '', path = '', rows = '0']: readonly string[]): Promise<void> {
  const work = await DELTA_WORKLOADS[name]?.prepare(path, Number(rows));
  if (work === undefined) throw new Error(`there is no workload ${name}`);
  const [start, cpu] = [performance.now(), process.cpuUsage()];
  const facts = await work();
  const seconds = (performance.now() - start) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  const peakBytes = process.resourceUsage().maxRSS * 1024;
  console.log(JSON.stringify({ seconds, cpuSeconds: (user + system) / 1e6, peakBytes, facts }));
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      rounds: { type: 'string', default: '3' },
      rows: { type: 'string', default: '10000000' },
      only: { type: 'string' },
      work: { type: 'string' },
      'no-build': { type: 'boolean' },
    },
  });
  const names = values.only?.split(',') ?? Object.keys(DELTA_WORKLOADS);
  const unknown = names.find((name) => DELTA_WORKLOADS[name] === undefined);
  if (unknown !== undefined) throw new Error(`there is no workload ${unknown}`);
  const work =
    values.work === undefined ? mkdtempSync(join(tmpdir(), 'barline-bench-')) : resolve(values.work);
  try {
    const request = { work, rowCount: Number(values.rows), python: findPython(process.env) };
    await compare(request, names, Number(values.rounds));
  } finally {
    if (values.work === undefined) rmSync(work, { recursive: true, force: true });
  }
}

if (process.argv[2] === 'run') await runOnce(process.argv.slice(3));
else await main();
