import { BarlineError } from '../base/index.ts';

/** What a look at one thing found. */
export interface Finding {
  /** What was looked at: stable, in lower case. */
  readonly name: string;
  readonly status: 'ok' | 'warn' | 'fail';
  /** What was found, with figures. */
  readonly detail: string;
  /** What to do; null when nothing is. */
  readonly action: string | null;
}

export function ok(name: string, detail: string): Finding {
  return { name, status: 'ok', detail, action: null };
}

export function warn(name: string, detail: string, action: string): Finding {
  return { name, status: 'warn', detail, action };
}

export function fail(name: string, detail: string, action: string): Finding {
  return { name, status: 'fail', detail, action };
}

/** What went wrong while looking, as a failure; a bug is thrown on. */
export function failed(name: string, error: unknown, action: string): Finding {
  if (!(error instanceof BarlineError)) throw error;
  return fail(name, error.message, error.hint ?? action);
}
