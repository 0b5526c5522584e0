import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { CommandLine } from './measured-run.ts';
import { BenchmarkError, type Python } from './python.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

export interface RunReport {
  readonly rows: number;
  /** From taking up the work to its last commit, as the program itself says: without start and end of the process. */
  readonly insideSeconds: number;
  readonly stageSeconds: Readonly<Record<string, number>>;
}

export interface Contestant {
  readonly name: string;
  /** As one would type it. */
  readonly shown: string;
  readonly commandLine: (lake: string) => CommandLine;
  readonly report: (stdout: string) => RunReport;
}

export interface MonthlyWork {
  readonly bench: string;
  readonly source: string;
  readonly calendar: string;
  readonly workers: number;
  /** As `--memory` takes it. */
  readonly memory?: string;
}

/** Compiles Barline to `dist/`, which is what users run. */
export function buildBarline(): void {
  const build = spawnSync(process.execPath, [join(ROOT, 'scripts', 'build.mjs')], { encoding: 'utf8' });
  if (build.status !== 0) throw new BenchmarkError(`the build failed:\n${build.stdout}${build.stderr}`);
}

function lastLine<T>(stdout: string): T {
  const line = stdout.trimEnd().split('\n').at(-1) ?? '';
  return JSON.parse(line);
}

interface BarlineLine {
  readonly summary: { rows: number; seconds: number; stage_seconds: Record<string, number> };
}

export function barline({ bench, source, workers, memory }: MonthlyWork): Contestant {
  const limits = ['--workers', String(workers), ...(memory === undefined ? [] : ['--memory', memory])];
  return {
    name: 'Barline',
    shown: `barline months run --source DIR --lake DIR ${limits.join(' ')} --json`,
    commandLine: (lake) => ({
      command: [
        process.execPath,
        join(ROOT, 'dist', 'barline.js'),
        ...['months', 'run', '--source', source, '--lake', lake, ...limits, '--json'],
      ],
      directory: bench,
    }),
    report: (stdout) => {
      const { summary } = lastLine<BarlineLine>(stdout);
      return { rows: summary.rows, insideSeconds: summary.seconds, stageSeconds: summary.stage_seconds };
    },
  };
}

interface PeerLine {
  readonly rows: number;
  readonly wall_seconds: number;
  readonly stages: Record<string, { wall: number; cpu: number }>;
}

/** `months`: how many at a time; with one, its two halves are on two threads. */
export function ownPeer(python: Python, work: MonthlyWork, months: number): Contestant {
  const { bench, source, calendar } = work;
  return {
    name: 'Python peer',
    shown: `bench/peers/month.py --source DIR --lake DIR --calendar CSV --workers ${months}`,
    commandLine: (lake) => ({
      command: [
        ...[python.command, join(ROOT, 'bench', 'peers', 'month.py')],
        ...['--source', source, '--lake', lake, '--calendar', calendar, '--workers', String(months)],
      ],
      environment: { NUMBA_CACHE_DIR: join(bench, 'numba') },
      directory: bench,
    }),
    report: (stdout) => {
      const { rows, wall_seconds, stages } = lastLine<PeerLine>(stdout);
      const walls = Object.entries(stages).map(([stage, { wall }]) => [stage, wall]);
      return { rows, insideSeconds: wall_seconds, stageSeconds: Object.fromEntries(walls) };
    },
  };
}

interface OtherPeerLine {
  readonly rows: number;
  readonly wall: number;
}

/** The peer beside the repository, if it is there: `BARLINE_PEERS_DIR`, else `../shared/peers`. */
export function sharedPeer(
  python: Python,
  { bench, source }: MonthlyWork,
  months: number,
  environment: NodeJS.ProcessEnv,
): Contestant[] {
  const script = join(environment.BARLINE_PEERS_DIR ?? join(ROOT, '..', 'shared', 'peers'), 'peer_month.py');
  if (!existsSync(script)) return [];
  return [
    {
      name: 'shared peer',
      shown: `peer_month.py --source DIR --lake DIR --workers ${months}`,
      commandLine: (lake) => ({
        command: [
          python.command,
          script,
          ...['--source', source, '--lake', lake, '--workers', String(months)],
        ],
        environment: { NUMBA_CACHE_DIR: join(bench, 'numba') },
        directory: bench,
      }),
      report: (stdout) => {
        const { rows, wall } = lastLine<OtherPeerLine>(stdout);
        return { rows, insideSeconds: wall, stageSeconds: {} };
      },
    },
  ];
}
