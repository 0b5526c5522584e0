import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Contestant, RunReport } from './contestants.ts';
import { loadNow } from './machine.ts';
import { measureRun, type Usage } from './measured-run.ts';
import { BenchmarkError, type Python } from './python.ts';
import { folderBytes, freshLake } from './sample-data.ts';
import { type Spread, spreadOf } from './spread.ts';

export interface Run extends Usage, RunReport {
  readonly round: number;
  readonly load: number;
  /** Bytes of the training table's Parquet files. */
  readonly bytesWritten: number;
}

export interface Standing {
  readonly name: string;
  readonly command: string;
  readonly wallSeconds: Spread;
  readonly cpuSeconds: Spread;
  readonly insideSeconds: Spread;
  readonly peakRssBytes: Spread;
  readonly bytesWritten: number;
  readonly stageSeconds: Readonly<Record<string, Spread>>;
  /** Seconds of the first contestant by this one's, in the same round; below 1 the first is ahead. */
  readonly firstByThis: Spread;
  readonly runs: readonly Run[];
}

type RunRequest = Pick<ComparisonRequest, 'python' | 'bench' | 'rows'>;

export interface ComparisonRequest {
  readonly contestants: readonly Contestant[];
  readonly python: Python;
  readonly bench: string;
  readonly rows: number;
  readonly rounds: number;
  /** The contestants have run on this machine before, on whatever input; false unless told. */
  readonly isWarm?: boolean;
  readonly onRun: (name: string, run: Run) => void;
}

/**
 * A round nobody counts (it fills the disk cache and the caches of compiled code), then `rounds` in which each
 * contestant runs once in a fresh process with no lake, the order reversed every time. Throws if anyone fails or
 * writes another number of rows.
 */
export function compare(request: ComparisonRequest): Standing[] {
  const { contestants, rounds } = request;
  if (request.isWarm !== true) warmUp(request);
  const runs = new Map(contestants.map((contestant) => [contestant, [] as Run[]]));
  for (let round = 1; round <= rounds; round++) {
    const order = round % 2 === 1 ? contestants : contestants.toReversed();
    for (const contestant of order) {
      const run = runOnce(request, contestant, round);
      runs.get(contestant)?.push(run);
      request.onRun(contestant.name, run);
    }
  }
  const first = [...runs.values()][0] ?? [];
  return [...runs].map(([contestant, own]) => standingOf(contestant, own, first));
}

/** The round nobody counts. */
export function warmUp(request: RunRequest & Pick<ComparisonRequest, 'contestants'>): void {
  for (const contestant of request.contestants) runOnce(request, contestant, 0);
}

function runOnce({ python, bench, rows }: RunRequest, contestant: Contestant, round: number): Run {
  const lake = freshLake(bench);
  const load = loadNow();
  const { stdout, ...usage } = measureRun(python.command, contestant.commandLine(lake));
  const report = contestant.report(stdout);
  if (report.rows !== rows) {
    throw new BenchmarkError(`${contestant.name} wrote ${report.rows} rows, expected ${rows}`);
  }
  const bytesWritten = folderBytes(join(lake, 'training_bars'), '.parquet');
  rmSync(lake, { recursive: true, force: true });
  return { round, load, ...usage, ...report, bytesWritten };
}

function standingOf(contestant: Contestant, runs: readonly Run[], first: readonly Run[]): Standing {
  const of = (value: (run: Run) => number) => spreadOf(runs.map(value));
  const stages = new Set(runs.flatMap((run) => Object.keys(run.stageSeconds)));
  return {
    name: contestant.name,
    command: contestant.shown,
    wallSeconds: of((run) => run.wallSeconds),
    cpuSeconds: of((run) => run.userSeconds + run.systemSeconds),
    insideSeconds: of((run) => run.insideSeconds),
    peakRssBytes: of((run) => run.peakRssBytes),
    bytesWritten: Math.round(of((run) => run.bytesWritten).median),
    stageSeconds: Object.fromEntries(
      [...stages].map((stage) => [stage, of((run) => run.stageSeconds[stage] ?? 0)]),
    ),
    firstByThis: spreadOf(runs.map((run, k) => (first[k]?.wallSeconds ?? Number.NaN) / run.wallSeconds)),
    runs,
  };
}
