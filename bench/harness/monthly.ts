import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { compare, type Standing, warmUp } from './comparison.ts';
import { barline, buildBarline, ownPeer, sharedPeer } from './contestants.ts';
import { loadNow, loadWarning, machineFacts } from './machine.ts';
import { BenchmarkError, findPython } from './python.ts';
import { writeResult } from './results.ts';
import { benchFolder, calendarFile, sampleData } from './sample-data.ts';
import { curveTable, stagesTable, standingsTable } from './text.ts';

const DEFAULT_ROUNDS = 5;

export interface MonthlyBenchmark {
  readonly name: string;
  readonly from: string;
  readonly to: string;
  /** Months at a time on the peers' side; with one, its halves are on two threads. */
  readonly peerMonths: number;
  readonly limits: { readonly wallSeconds: number; readonly peakRssBytes: number };
  /** What `--memory` is told; default: nothing, so 2 GB. */
  readonly memory?: string;
  /** Threads of Barline's; default: one per core. */
  readonly workers?: number;
  /** Rounds unless told; default 5. */
  readonly rounds?: number;
  /** Where a round is minutes: the round nobody counts takes this month alone. */
  readonly warmUpMonth?: string;
}

/** Barline beside the peers, disk to disk; prints tables and writes the result file. */
export async function runMonthlyBenchmark(benchmark: MonthlyBenchmark): Promise<void> {
  try {
    await runComparison(benchmark);
  } catch (error) {
    if (!(error instanceof BenchmarkError)) throw error;
    console.error(error.message);
    process.exitCode = 1;
  }
}

async function runComparison(benchmark: MonthlyBenchmark): Promise<void> {
  const { values } = parseArgs({
    options: {
      rounds: { type: 'string' },
      'no-build': { type: 'boolean', default: false },
      from: { type: 'string' },
      to: { type: 'string' },
    },
  });
  const rounds = Number(values.rounds ?? benchmark.rounds ?? DEFAULT_ROUNDS);
  const python = findPython(process.env);
  const machine = machineFacts(python);
  const bench = benchFolder(process.env);
  const data = await sampleData(bench, values.from ?? benchmark.from, values.to ?? benchmark.to);
  if (!values['no-build']) buildBarline();
  const warning = loadWarning(loadNow(), machine.cores);
  const { memory, warmUpMonth, peerMonths, workers = availableParallelism() } = benchmark;
  const contestantsOn = (source: string) => {
    const work = { bench, source, calendar: calendarFile(bench), workers, ...(memory && { memory }) };
    return [
      barline(work),
      ownPeer(python, work, peerMonths),
      ...sharedPeer(python, work, peerMonths, process.env),
    ];
  };
  if (warmUpMonth !== undefined) {
    const { folder, rows } = await sampleData(bench, warmUpMonth, warmUpMonth);
    warmUp({ contestants: contestantsOn(folder), python, bench, rows });
  }
  const contestants = contestantsOn(data.folder);
  const { folder: _, ...input } = data;
  console.log(
    `${benchmark.name}: ${input.records} records → ${input.rows} rows, ${rounds} rounds, ${machine.cores} cores`,
  );
  if (warning) console.log(warning);
  const standings = compare({
    contestants,
    python,
    bench,
    rows: data.rows,
    rounds,
    isWarm: warmUpMonth !== undefined,
    onRun: (name, run) => {
      const cpu = run.userSeconds + run.systemSeconds;
      console.log(
        `  round ${run.round}  ${name.padEnd(12)} ${run.wallSeconds.toFixed(3)} s, CPU ${cpu.toFixed(3)} s`,
      );
    },
  });
  printStandings(standings, benchmark.limits);
  const curve = curveTable(standings[0]?.runs.at(-1)?.lines ?? []);
  if (curve !== null) console.log(`\n${curve}`);
  const { limits } = benchmark;
  writeResult(benchmark.name, { machine, warning, input, rounds, limits, standings });
}

function printStandings(standings: readonly Standing[], limits: MonthlyBenchmark['limits']): void {
  console.log(`\n${standingsTable(standings)}`);
  for (const standing of standings) {
    if (Object.keys(standing.stageSeconds).length > 0) console.log(`\n${stagesTable(standing)}`);
  }
  const own = standings[0];
  if (!own) return;
  const met = (value: number, limit: number) => (value <= limit ? 'kept' : 'NOT KEPT');
  console.log(
    `\nlimits: ${limits.wallSeconds} s ${met(own.wallSeconds.median, limits.wallSeconds)}, ` +
      `${limits.peakRssBytes / 1e6} MB ${met(own.peakRssBytes.most, limits.peakRssBytes)}`,
  );
}
