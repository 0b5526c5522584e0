/** What a writer of the torture notes down, outside the table: before a change what it will do, after it how it went. */
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';

/** Rows of the writer's own, by id: their amounts, or null where they go. */
export type Effects = readonly (readonly [id: number, amount: number | null])[];

export type LedgerLine =
  | { readonly kind: 'begin'; readonly serial: number; readonly operation: string; readonly effects: Effects }
  /** The table acknowledged it, as this version; null where there was nothing to commit. */
  | { readonly kind: 'done'; readonly serial: number; readonly version: number | null }
  /** The table said that nothing was written. */
  | { readonly kind: 'refused'; readonly serial: number; readonly code: string };

export interface Attempt {
  readonly serial: number;
  readonly operation: string;
  readonly effects: Effects;
  /** Undefined when the writer was killed before it knew. */
  outcome: 'done' | 'refused' | undefined;
  version: number | null;
  code: string | undefined;
}

/** By the writers' names. */
export function readLedgers(folder: string): (readonly [writer: string, attempts: Attempt[]])[] {
  return readdirSync(folder).map(
    (file) => [basename(file, '.jsonl'), readLedger(join(folder, file))] as const,
  );
}

/** Whole lines only: what a kill cut off was not said. */
function readLedger(path: string): Attempt[] {
  const attempts = new Map<number, Attempt>();
  for (const text of readFileSync(path, 'utf8').split('\n').slice(0, -1)) {
    const line: LedgerLine = JSON.parse(text);
    if (line.kind === 'begin') {
      const { serial, operation, effects } = line;
      attempts.set(serial, {
        serial,
        operation,
        effects,
        outcome: undefined,
        version: null,
        code: undefined,
      });
      continue;
    }
    const attempt = attempts.get(line.serial);
    if (attempt === undefined) throw new Error(`${path}: serial ${line.serial} ends before it begins`);
    attempt.outcome = line.kind;
    if (line.kind === 'done') attempt.version = line.version;
    else attempt.code = line.code;
  }
  return [...attempts.values()];
}
