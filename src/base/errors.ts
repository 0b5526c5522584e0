/**
 * What went wrong, as a value a person can act on. `BarlineError` is for bad requests and bad input;
 * anything else that is thrown is a bug.
 */
export interface ErrorDetails {
  /** Stable, upper case with underscores, e.g. `DBN_TRUNCATED_RECORD`. */
  readonly code: string;
  /** One sentence: what is wrong and where (file, byte or column), what was expected, what was found. */
  readonly message: string;
  /** What to do about it. */
  readonly hint?: string | undefined;
  /** 1: something failed. 2: wrong usage or configuration. */
  readonly exitCode?: 1 | 2;
  readonly cause?: unknown;
  /** Machine-readable facts for `--json`: file, offset, column, expected, found … */
  readonly facts?: Readonly<Record<string, unknown>>;
}

export class BarlineError extends Error {
  readonly code: string;
  readonly hint: string | undefined;
  readonly exitCode: 1 | 2;
  readonly facts: Readonly<Record<string, unknown>>;

  constructor(details: ErrorDetails) {
    super(details.message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = 'BarlineError';
    this.code = details.code;
    this.hint = details.hint;
    this.exitCode = details.exitCode ?? 1;
    this.facts = details.facts ?? {};
  }
}

/** The error of a wrong flag, argument or configuration key: exit code 2. */
export function usageError(message: string, hint?: string, facts?: ErrorDetails['facts']): BarlineError {
  return new BarlineError({ code: 'USAGE', message, hint, exitCode: 2, ...(facts && { facts }) });
}

/** The code of a file system error (`ENOENT`, `EACCES` …), or undefined for anything else. */
export function systemCode(error: unknown): string | undefined {
  if (error instanceof Error && 'code' in error && typeof error.code === 'string') return error.code;
  return undefined;
}
