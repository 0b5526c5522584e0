import { spawnSync } from 'node:child_process';
import { availableParallelism, cpus, loadavg, release, totalmem, type } from 'node:os';
import { VERSION } from '../../src/base/index.ts';
import type { Python } from './python.ts';

export interface MachineFacts {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryBytes: number;
  readonly system: string;
  readonly node: string;
  readonly barline: string;
  readonly commit: string | null;
  readonly python: string;
  readonly packages: Readonly<Record<string, string>>;
}

export function machineFacts(python: Python): MachineFacts {
  const commit = spawnSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' });
  return {
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: availableParallelism(),
    memoryBytes: totalmem(),
    system: `${type()} ${release()}`,
    node: process.version,
    barline: VERSION,
    commit: commit.status === 0 ? commit.stdout.trim() : null,
    python: python.version,
    packages: python.packages,
  };
}

/** Runnable processes over the last minute. */
export function loadNow(): number {
  return loadavg()[0] ?? 0;
}

/** What to tell when others use the machine so much that the figures are theirs as well; null when it is idle. */
export function loadWarning(load: number, cores: number): string | null {
  if (load <= 0.25 * cores) return null;
  return `load ${load.toFixed(2)} on ${cores} cores before the first run: not idle, seconds will be too high; compare ratios only`;
}
