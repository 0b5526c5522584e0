/** What a run tells those who listen: the terminal's progress, `--json`, later metrics and lineage. */
export type Stage =
  | 'fetch'
  | 'decode'
  | 'contract'
  | 'session'
  | 'clean'
  | 'grid'
  | 'label'
  | 'feature'
  | 'encode'
  | 'validate'
  | 'write'
  | 'statistics'
  | 'commit';

/** Why a month is taken or left. */
export type MonthReason =
  | 'missing'
  | 'source changed'
  | 'month before changed'
  | 'configuration changed'
  | 'kernel changed'
  | 'forced'
  | 'up to date';

export interface MonthOutcome {
  readonly month: string;
  readonly status: 'succeeded' | 'skipped' | 'failed';
  readonly rows: number;
  readonly sessions: number;
  readonly rolls: number;
  readonly quarantined: number;
  /** From taking the month up to its commit. */
  readonly seconds: number;
  /** Version of `training_bars` that holds the month; null when nothing was committed. */
  readonly version: number | null;
  readonly error: { readonly code: string; readonly message: string; readonly hint: string | null } | null;
  readonly reason: MonthReason;
}

export interface RunSummary {
  readonly months: number;
  readonly succeeded: number;
  readonly failed: number;
  readonly skipped: number;
  readonly rows: number;
  readonly seconds: number;
  readonly rowsPerSecond: number;
  readonly peakRssBytes: number;
  /** Seconds by stage, over all months and threads. */
  readonly stageSeconds: Readonly<Partial<Record<Stage, number>>>;
  readonly interrupted: boolean;
  /** Months the run was to take and did not come to: it was interrupted, or met what every month would meet. */
  readonly notReached: readonly string[];
}

export type RunEvent =
  | { readonly type: 'run-started'; readonly months: readonly string[]; readonly skipped: readonly string[] }
  | { readonly type: 'leftovers-removed'; readonly files: readonly string[] }
  | { readonly type: 'month-started'; readonly month: string }
  /** `done` goes from 0 to 1 within the month. */
  | { readonly type: 'month-progress'; readonly month: string; readonly stage: Stage; readonly done: number }
  | { readonly type: 'month-finished'; readonly outcome: MonthOutcome }
  | { readonly type: 'run-finished'; readonly summary: RunSummary };

export type RunListener = (event: RunEvent) => void;
