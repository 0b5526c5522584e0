import type {
  CleaningReport,
  ContractReport,
  Grid,
  GridReport,
  Quarantine,
  RollReport,
  SessionReport,
} from '../bars/index.ts';
import type { EncodedRowGroup } from '../parquet/index.ts';
import type { ModeTally } from './mode-statistics.ts';
import type { Processing } from './processing.ts';
import type { StageSeconds } from './stage-clock.ts';
import type { ValueTally } from './value-tally.ts';

/** What the worker threads are asked; all of it plain data or shared memory. */
export type Task = PrepareTask | BuildTask | FrontTask | StartTask;

/** Nothing: a thread is started for it, and loads its modules. */
export interface StartTask {
  readonly kind: 'start';
}

/** Where a month's file lies. */
export interface SourceFile {
  readonly sourceUri: string;
  readonly path: string;
  /** All of it where the main thread fetched it, in memory of its own that changes hands; else the thread reads it. */
  readonly bytes: Uint8Array<ArrayBuffer> | undefined;
}

/** A month's file to its clean grid. */
export interface PrepareTask {
  readonly kind: 'prepare';
  readonly month: string;
  readonly file: SourceFile;
  readonly processing: Processing;
  /** Front contract of the last session of the month before; null when that is not at hand. */
  readonly previousFront: string | null;
}

export interface PreparedMonth {
  readonly grid: Grid;
  /** One per grid row, not 0 where a roll affects the bar; shared memory. */
  readonly affected: Uint8Array;
  readonly quarantine: Quarantine;
  readonly rolls: RollReport;
  readonly source: {
    readonly sha256: string;
    readonly byteLength: number;
    readonly records: number;
    readonly skippedRecords: number;
    /** Bars that have no time, left out. */
    readonly undefinedTimes: number;
    readonly dataset: string;
  };
  readonly contract: ContractReport;
  readonly session: SessionReport;
  readonly cleaning: CleaningReport;
  readonly gridReport: GridReport;
  readonly seconds: StageSeconds;
}

/** Labels, weights and features of a run of whole sessions, encoded as one Parquet row group. */
export interface BuildTask {
  readonly kind: 'build';
  readonly month: string;
  readonly grid: Grid;
  readonly affected: Uint8Array;
  readonly processing: Processing;
  /** Sessions [firstSession, endSession) of the grid. */
  readonly firstSession: number;
  readonly endSession: number;
  readonly compressionLevel: number;
}

export interface BuiltRowGroup {
  readonly rowGroup: EncodedRowGroup;
  /** Feature categories that failed and are null in these rows. */
  readonly failures: readonly { readonly category: string; readonly message: string }[];
  /** Labels and weights, by mode. */
  readonly modes: readonly ModeTally[];
  /** Values of the features, in column order; null where the feature failed. */
  readonly features: readonly (ValueTally | null)[];
  readonly seconds: StageSeconds;
}

/** The front contract of a file's last session: all that is asked of the month before. */
export interface FrontTask {
  readonly kind: 'front';
  readonly file: SourceFile;
  readonly processing: Processing;
}

/** Sent while a `prepare` is under way, as soon as the contract is chosen: the next month waits for it. */
export interface LastFrontMessage {
  readonly month: string;
  readonly last: LastFront;
}

/** What the month after asks of a month. */
export interface LastFront {
  /** Null when the file names no contracts or has no session. */
  readonly contract: string | null;
  readonly sha256: string;
}
