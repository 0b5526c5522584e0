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
  | 'DELTA_APPEND_ONLY'
  | 'DELTA_CONCURRENT_MODIFICATION'
  | 'DELTA_COMMIT_CONTENDED'
  | 'DELTA_UNSAFE_STORAGE';

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
  /** What the two commits disagree about, as a clause: `removed the file x, which this write removes too`. */
  readonly dispute: string;
  readonly kind:
    | 'metadata-changed'
    | 'protocol-changed'
    | 'concurrent-append'
    | 'concurrent-delete-read'
    | 'concurrent-delete-delete'
    | 'concurrent-transaction';
}

/** Another writer committed first and the two writes cannot both stand. Nothing of this one was committed. */
export class ConcurrentModificationError extends BarlineError {
  readonly winnerVersion: number;
  readonly winnerOperation: string;
  readonly kind: LostConflict['kind'];

  constructor(conflict: LostConflict) {
    super({
      code: 'DELTA_CONCURRENT_MODIFICATION',
      message:
        `the write to ${conflict.table} lost to version ${conflict.winnerVersion} ` +
        `(${conflict.winnerOperation}), which ${conflict.dispute}`,
      hint: 'nothing was committed; read the table again and repeat the write',
      facts: { ...conflict },
    });
    this.name = 'ConcurrentModificationError';
    this.winnerVersion = conflict.winnerVersion;
    this.winnerOperation = conflict.winnerOperation;
    this.kind = conflict.kind;
  }
}
