import { BarlineError } from '../base/index.ts';

/** Why a file cannot be read; the code of the error is `DBN_` and the kind in capitals. */
export const DBN_ERROR_KINDS = [
  /** The stream ends before its metadata does. */
  'truncated_metadata',
  /** The stream ends inside a record; the offset is where the record starts. */
  'truncated_record',
  /** The compressed file ends inside a zstd frame; the offset is the file's length. */
  'truncated_zstd',
  /** Zstd data or checksum wrong, or bytes after the last frame that are no frame. */
  'corrupt_zstd',
  /** Does not start with `DBN`. */
  'bad_magic',
  /** The version byte is not 1, 2 or 3. */
  'unsupported_version',
  /** A count, length, number or date in the metadata cannot be right. */
  'bad_metadata',
  /** A record's length byte cannot be right. */
  'bad_record',
  /** The schema is no bar schema, or not the one asked for. */
  'wrong_schema',
] as const;

export type DbnErrorKind = (typeof DBN_ERROR_KINDS)[number];
export type DbnErrorCode = `DBN_${Uppercase<DbnErrorKind>}`;

/** What an offset counts: bytes of the file, of the decoded stream, or of its metadata (also from the `D` of `DBN`). */
export type DbnPlace = 'file' | 'decoded' | 'metadata';

export interface DbnFault {
  readonly kind: DbnErrorKind;
  readonly at: DbnPlace;
  readonly offset: number;
  /** What is wrong, without place: "the stream ends inside a record". */
  readonly problem: string;
  readonly expected: string;
  readonly found: string | number;
  /** Byte counts of a truncation. */
  readonly have?: number;
  readonly need?: number;
  /** Whole records read before the fault. */
  readonly completeRecords?: number;
  readonly hint?: string;
  readonly cause?: unknown;
}

function placeOf(fault: DbnFault): string {
  return fault.at === 'file' ? `byte ${fault.offset}` : `byte ${fault.offset} of the decoded stream`;
}

function codeOf(kind: DbnErrorKind): DbnErrorCode {
  switch (kind) {
    case 'truncated_metadata':
      return 'DBN_TRUNCATED_METADATA';
    case 'truncated_record':
      return 'DBN_TRUNCATED_RECORD';
    case 'truncated_zstd':
      return 'DBN_TRUNCATED_ZSTD';
    case 'corrupt_zstd':
      return 'DBN_CORRUPT_ZSTD';
    case 'bad_magic':
      return 'DBN_BAD_MAGIC';
    case 'unsupported_version':
      return 'DBN_UNSUPPORTED_VERSION';
    case 'bad_metadata':
      return 'DBN_BAD_METADATA';
    case 'bad_record':
      return 'DBN_BAD_RECORD';
    case 'wrong_schema':
      return 'DBN_WRONG_SCHEMA';
  }
}

/** A file that is no good DBN, or not the DBN asked for. `facts` holds the fault without its prose, and the file. */
export class DbnError extends BarlineError {
  readonly kind: DbnErrorKind;
  readonly fault: DbnFault;

  constructor(file: string, fault: DbnFault) {
    const { problem, hint, cause, ...facts } = fault;
    super({
      code: codeOf(fault.kind),
      message: `${file}, ${placeOf(fault)}: ${problem}; expected ${fault.expected}, found ${fault.found}.`,
      hint,
      ...(cause !== undefined && { cause }),
      facts: { file, ...facts },
    });
    this.name = 'DbnError';
    this.kind = fault.kind;
    this.fault = fault;
  }
}
