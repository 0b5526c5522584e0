import { BarlineError, type ErrorDetails } from '../base/index.ts';

export type DeltaErrorCode =
  | 'DELTA_NO_TABLE'
  | 'DELTA_TABLE_EXISTS'
  | 'DELTA_VERSION_TOO_NEW'
  | 'DELTA_VERSION_GONE'
  | 'DELTA_TIMESTAMP_TOO_EARLY'
  | 'DELTA_VERSIONS_NOT_CONTIGUOUS'
  | 'DELTA_BAD_COMMIT'
  | 'DELTA_BAD_CHECKPOINT'
  | 'DELTA_BAD_DELETION_VECTOR'
  | 'DELTA_FILE_MISSING'
  | 'DELTA_BAD_DATA_FILE'
  | 'DELTA_NO_CHANGE_FEED'
  | 'DELTA_NO_PROTOCOL'
  | 'DELTA_NO_METADATA'
  | 'DELTA_NO_SCHEMA'
  | 'DELTA_BAD_SCHEMA'
  | 'DELTA_SCHEMA_MISMATCH'
  | 'DELTA_UNSUPPORTED_PROTOCOL'
  | 'DELTA_UNSUPPORTED_FEATURE'
  | 'DELTA_BAD_PARTITION_VALUE'
  | 'DELTA_BAD_PATH'
  | 'DELTA_BAD_WRITE'
  | 'DELTA_AMBIGUOUS_MERGE'
  | 'DELTA_APPEND_ONLY'
  | 'DELTA_BAD_PROPERTY'
  | 'DELTA_BAD_CONSTRAINT'
  | 'DELTA_CONSTRAINT_VIOLATED'
  | 'DELTA_BAD_COLUMN_CHANGE'
  | 'DELTA_BAD_DOMAIN'
  | 'DELTA_BAD_CHECKSUM'
  | 'DELTA_RESTORE_FILES_MISSING'
  | 'DELTA_RETENTION_TOO_SHORT'
  | 'DELTA_BAD_PIN'
  | 'DELTA_PIN_EXISTS'
  | 'DELTA_NO_PIN'
  | 'DELTA_CONCURRENT_MODIFICATION'
  | 'DELTA_COMMIT_CONTENDED'
  | 'DELTA_UNSAFE_STORAGE'
  | 'DELTA_NOT_THE_SAME';

export interface DeltaErrorDetails extends ErrorDetails {
  readonly code: DeltaErrorCode;
}

export function deltaError(details: DeltaErrorDetails): BarlineError {
  return new BarlineError(details);
}

export interface LostConflict {
  readonly table: string;
  readonly winnerVersion: number;
  readonly winnerOperation: string;
  /** As it stands in the winner's commit. */
  readonly winnerEngine?: string | undefined;
  readonly winnerTimeMs?: number | undefined;
  /** What the two commits disagree about, as a clause: `removed the file x, which this write removes too`. */
  readonly dispute: string;
  readonly kind:
    | 'metadata-changed'
    | 'protocol-changed'
    | 'concurrent-append'
    | 'concurrent-delete-read'
    | 'concurrent-delete-delete'
    | 'concurrent-transaction'
    | 'concurrent-domain'
    | 'concurrent-operation';
}

/** Another writer committed first and the two writes cannot both stand. Nothing of this one was committed. */
export class ConcurrentModificationError extends BarlineError {
  readonly winnerVersion: number;
  readonly winnerOperation: string;
  readonly winnerEngine: string | undefined;
  readonly winnerTimeMs: number | undefined;
  readonly kind: LostConflict['kind'];

  constructor(conflict: LostConflict) {
    super({
      code: 'DELTA_CONCURRENT_MODIFICATION',
      message:
        `the write to ${conflict.table} lost to version ${conflict.winnerVersion} ` +
        `(${winnerOf(conflict)}), which ${conflict.dispute}`,
      hint: 'nothing was committed; read the table again and repeat the write',
      facts: { ...conflict },
    });
    this.name = 'ConcurrentModificationError';
    this.winnerVersion = conflict.winnerVersion;
    this.winnerOperation = conflict.winnerOperation;
    this.winnerEngine = conflict.winnerEngine;
    this.winnerTimeMs = conflict.winnerTimeMs;
    this.kind = conflict.kind;
  }
}

function winnerOf({ winnerOperation, winnerEngine, winnerTimeMs }: LostConflict): string {
  const engine = winnerEngine === undefined ? '' : ` by ${winnerEngine}`;
  const time = winnerTimeMs === undefined ? '' : ` at ${new Date(winnerTimeMs).toISOString()}`;
  return `${winnerOperation}${engine}${time}`;
}
