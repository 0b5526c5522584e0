import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { compare, type Standing } from './comparison.ts';
import { barline, buildBarline, ownPeer, sharedPeer } from './contestants.ts';
import { loadNow, loadWarning, machineFacts } from './machine.ts';
import { BenchmarkError, findPython } from './python.ts';
import { writeResult } from './results.ts';
import { benchFolder, calendarFile, sampleData } from './sample-data.ts';
import { stagesTable, standingsTable } from './text.ts';

const DEFAULT_ROUNDS = 5;

export interface MonthlyBenchmark {
  readonly name: string;
  readonly from: string;
  readonly to: string;
  /** Months at a time on the peers' side; with one, its halves are on two threads. */
  readonly peerMonths: number;
  readonly limits: { readonly wallSeconds: number; readonly peakRssBytes: number };
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
    options: { rounds: { type: 'string' }, 'no-build': { type: 'boolean', default: false } },
  });
  const rounds = Number(values.rounds ?? DEFAULT_ROUNDS);
  const python = findPython(process.env);
  const machine = machineFacts(python);
  const bench = benchFolder(process.env);
  const data = await sampleData(bench, benchmark.from, benchmark.to);
  if (!values['no-build']) buildBarline();
  const warning = loadWarning(loadNow(), machine.cores);
  const workers = availableParallelism();
  const work = { bench, source: data.folder, calendar: calendarFile(bench), workers };
  const contestants = [
    barline(work),
    ownPeer(python, work, benchmark.peerMonths),
    ...sharedPeer(python, work, benchmark.peerMonths, process.env),
  ];
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
    onRun: (name, run) => {
      const cpu = run.userSeconds + run.systemSeconds;
      console.log(
        `  round ${run.round}  ${name.padEnd(12)} ${run.wallSeconds.toFixed(3)} s, CPU ${cpu.toFixed(3)} s`,
      );
    },
  });
  printStandings(standings, benchmark.limits);
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
