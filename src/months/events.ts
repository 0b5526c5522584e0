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
  | 'up to date'
  /** Another run has made it while this one was at work. */
  | 'done elsewhere';

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
  /** How far the month can be trusted, 0 to 1; null unless it was made now. */
  readonly qualityScore: number | null;
  readonly requiresReprocessing: boolean;
  /** Why the month should be made again: sentences a person can act on. */
  readonly reasons: readonly string[];
  /** How often this run tried; 0 when it did not. */
  readonly attempts: number;
  /** Most bytes resident while the month was at work, all other months' included; null when it was not. */
  readonly peakRssBytes: number | null;
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
  /** What was to be resident at most; null without a limit. */
  readonly memoryLimitBytes: number | null;
  /** Threads and months at a time, as of the end: less than asked for where the memory did not suffice. */
  readonly parallelism: { readonly workers: number; readonly months: number };
  /** Requests to an object store that were made again, and months that were begun again. */
  readonly retries: { readonly requests: number; readonly months: number };
  /** Seconds by stage, over all months and threads. */
  readonly stageSeconds: Readonly<Partial<Record<Stage, number>>>;
  readonly interrupted: boolean;
  /** Months the run was to take and did not come to: it was interrupted, or met what every month would meet. */
  readonly notReached: readonly string[];
}

/** Another run on the same lake; host and process are null when it left no note of them. */
export interface OtherRun {
  readonly runId: string;
  readonly host: string | null;
  readonly pid: number | null;
}

export type RunEvent =
  | { readonly type: 'run-started'; readonly months: readonly string[]; readonly skipped: readonly string[] }
  | { readonly type: 'leftovers-removed'; readonly files: readonly string[] }
  | { readonly type: 'month-started'; readonly month: string }
  /** `done` goes from 0 to 1 within the month. */
  | { readonly type: 'month-progress'; readonly month: string; readonly stage: Stage; readonly done: number }
  /** What failed may heal: the month is tried again later. `attempt` is the one that failed, from 1. */
  | {
      readonly type: 'month-retry';
      readonly month: string;
      readonly attempt: number;
      readonly delaySeconds: number;
      readonly error: { readonly code: string; readonly message: string };
    }
  /** The run does less at a time, to stay within its memory: at its start (by what months are known to take) or later. */
  | {
      readonly type: 'parallelism-lowered';
      readonly workers: number;
      readonly months: number;
      /** Threads asked for. */
      readonly asked: number;
      readonly rssBytes: number;
      readonly limitBytes: number;
    }
  /** Nothing is left but months that another run is at; this one waits for them. */
  | { readonly type: 'months-elsewhere'; readonly months: readonly string[]; readonly run: OtherRun }
  | { readonly type: 'month-finished'; readonly outcome: MonthOutcome }
  | { readonly type: 'run-finished'; readonly summary: RunSummary };

export type RunListener = (event: RunEvent) => void;
