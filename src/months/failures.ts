import { isTemporaryPath, type Storage } from '../storage/index.ts';
import type { ErrorKind } from './error-class.ts';
import type { Month } from './month.ts';
import { parseObject, readIfThere } from './run-journal.ts';

/** A month that the last run to try it could not make, as the lake keeps it until the month is made. */
export interface MonthFailure {
  readonly month: Month;
  readonly code: string;
  readonly message: string;
  readonly hint: string | null;
  readonly kind: ErrorKind;
  readonly attempts: number;
  /** ISO 8601, UTC. */
  readonly failed_at: string;
  readonly run_id: string;
  /** Relative to the source. */
  readonly source_file: string;
}

const FOLDER = '_barline/failures/';

const pathOf = (month: Month) => `${FOLDER}${month}.json`;

export async function recordFailure(lake: Storage, failure: MonthFailure): Promise<void> {
  await lake.put(pathOf(failure.month), new TextEncoder().encode(`${JSON.stringify(failure)}\n`));
}

export async function removeFailure(lake: Storage, month: Month): Promise<void> {
  await lake.delete(pathOf(month));
}

/** The failed months of a lake, in time order. */
export async function listFailures(lake: Storage): Promise<MonthFailure[]> {
  const failures: MonthFailure[] = [];
  for await (const { path } of lake.list(FOLDER, { details: false })) {
    if (isTemporaryPath(path) || !path.endsWith('.json')) continue;
    const failure = parseFailure(new TextDecoder().decode(await readIfThere(lake, path)));
    if (failure !== undefined) failures.push(failure);
  }
  return failures;
}

function parseFailure(text: string): MonthFailure | undefined {
  const value = parseObject(text);
  const { month, code, message } = value;
  if (typeof month !== 'string' || typeof code !== 'string' || typeof message !== 'string') return undefined;
  const textOf = (key: string) => (typeof value[key] === 'string' ? value[key] : '');
  return {
    month,
    code,
    message,
    hint: typeof value.hint === 'string' ? value.hint : null,
    kind: value.kind === 'transient' ? 'transient' : 'permanent',
    attempts: typeof value.attempts === 'number' ? value.attempts : 1,
    failed_at: textOf('failed_at'),
    run_id: textOf('run_id'),
    source_file: textOf('source_file'),
  };
}
