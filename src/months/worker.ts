// One worker thread of a run: takes tasks as they come.
import { parentPort } from 'node:worker_threads';
import { move, transferableSymbol, valueSymbol } from 'piscina';
import { BarlineError } from '../base/index.ts';
import { buildRowGroup } from './build.ts';
import { lastFrontOf, prepareMonth } from './prepare.ts';
import type { BuiltRowGroup, LastFront, LastFrontMessage, PreparedMonth, Task } from './tasks.ts';

/** A BarlineError does not survive the way between threads as what it is; this does. */
export interface TaskFailure {
  readonly failed: { code: string; message: string; hint?: string; facts: Readonly<Record<string, unknown>> };
}

export type TaskResult = PreparedMonth | BuiltRowGroup | LastFront | { readonly started: true };

/** Gives a TaskResult (which piscina may carry in an envelope of its own) or a TaskFailure. */
export async function runTask(task: Task): Promise<unknown> {
  try {
    switch (task.kind) {
      case 'prepare':
        return await prepareMonth(task, (last) => {
          const message: LastFrontMessage = { month: task.month, last };
          parentPort?.postMessage(message);
        });
      case 'build':
        return moved(buildRowGroup(task));
      case 'front':
        return await lastFrontOf(task);
      case 'start':
        return { started: true };
    }
  } catch (error) {
    if (!(error instanceof BarlineError)) throw error;
    const { code, message, hint, facts } = error;
    const failure: TaskFailure = { failed: { code, message, ...(hint !== undefined && { hint }), facts } };
    return failure;
  }
}

/** The encoded bytes and the tallies change hands instead of being copied. */
function moved(built: BuiltRowGroup) {
  const tallies = [...built.features, ...built.modes.map(({ weights }) => weights)];
  const buffers = new Set([
    ...built.rowGroup.pieces.map((piece) => piece.buffer),
    ...tallies.flatMap((tally) => (tally === null ? [] : [tally.values.buffer, tally.counts.buffer])),
  ]);
  return move({ [transferableSymbol]: [...buffers], [valueSymbol]: built });
}
