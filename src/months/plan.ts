import type { RawMonth } from './discovery.ts';
import type { MonthReason } from './events.ts';
import type { Month } from './month.ts';

/** What the lake knows of how a month was made. */
export interface MonthRecord {
  readonly month: Month;
  readonly configHash: string;
  readonly kernelVersions: string;
  readonly sourceSha256: string;
  readonly sourceByteLength: number;
  /** With the size, spares hashing a file that nobody touched. */
  readonly sourceModifiedMs: number;
  readonly sourcePath: string;
  /** SHA-256 of the file of the month before, whose last front contract this month was told; null without one. */
  readonly previousSha256: string | null;
  /** Front contract of this month's last session, for the month after. */
  readonly lastFront: string | null;
  readonly rowCount: number;
  readonly txnVersion: number;
  /** Absent in months that were made before there were scores. */
  readonly qualityScore?: number;
}

export interface PlanOptions {
  readonly months?: readonly Month[];
  readonly from?: Month;
  readonly to?: Month;
  /** `default`: missing or stale; `missing`: `--skip-existing`; `stale`; `force`: everything asked for. */
  readonly take: 'default' | 'missing' | 'stale' | 'force';
}

export interface PlannedMonth {
  readonly raw: RawMonth;
  readonly reason: MonthReason;
  readonly take: boolean;
}

/** The months asked for, in time order. */
export function selectMonths(found: readonly RawMonth[], options: PlanOptions): RawMonth[] {
  return found.filter(({ month }) => {
    if (options.months !== undefined && options.months.length > 0 && !options.months.includes(month))
      return false;
    if (options.from !== undefined && month < options.from) return false;
    return options.to === undefined || month <= options.to;
  });
}

export interface StalenessFacts {
  readonly configHash: string;
  readonly kernelVersions: string;
  /** SHA-256 of the month's file as it lies there now. */
  readonly sourceSha256: string;
  /** The same of the month before; null when it has no file. */
  readonly previousSha256: string | null;
}

/** Why the month must be made, or `up to date`. As with make: what went in decides, not when. */
export function stalenessOf(record: MonthRecord | undefined, facts: StalenessFacts): MonthReason {
  if (record === undefined) return 'missing';
  if (record.sourceSha256 !== facts.sourceSha256) return 'source changed';
  if (record.configHash !== facts.configHash) return 'configuration changed';
  if (record.kernelVersions !== facts.kernelVersions) return 'kernel changed';
  if (record.previousSha256 !== facts.previousSha256) return 'month before changed';
  return 'up to date';
}

export function isTaken(reason: MonthReason, take: PlanOptions['take']): boolean {
  switch (take) {
    case 'force':
      return true;
    case 'missing':
      return reason === 'missing';
    case 'stale':
      return reason !== 'missing' && reason !== 'up to date';
    case 'default':
      return reason !== 'up to date';
  }
}
