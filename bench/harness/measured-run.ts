import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { BenchmarkError } from './python.ts';

const MEASURE = fileURLToPath(new URL('./measure.py', import.meta.url));

export type PrintedLine = readonly [seconds: number, rssBytes: number, cpuSeconds: number];

export interface Usage {
  readonly wallSeconds: number;
  readonly userSeconds: number;
  readonly systemSeconds: number;
  /** Of all the command's processes together. */
  readonly peakRssBytes: number;
  /** Of each line on the standard output: when it came, the most bytes resident since the one before, CPU until then. */
  readonly lines: readonly PrintedLine[];
}

export interface MeasuredRun extends Usage {
  readonly stdout: string;
}

export interface CommandLine {
  readonly command: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly directory: string;
}

/** Runs a command in a fresh process, measured from outside by the kernel's own accounts. Throws if it fails. */
export function measureRun(python: string, { command, environment, directory }: CommandLine): MeasuredRun {
  const run = spawnSync(python, ['-S', '-E', MEASURE, ...command], {
    cwd: directory,
    env: { ...process.env, ...environment },
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    maxBuffer: 1 << 28,
  });
  const report = run.output?.[3];
  if (run.status !== 0 || !report) {
    throw new BenchmarkError(`${command.join(' ')} was not measured: ${run.error?.message ?? run.stderr}`);
  }
  const usage: Usage & { exitCode: number } = JSON.parse(report);
  if (usage.exitCode !== 0) {
    throw new BenchmarkError(
      `${command.join(' ')} ended with ${usage.exitCode}:\n${run.stderr}${run.stdout}`,
    );
  }
  return { ...usage, stdout: run.stdout };
}
