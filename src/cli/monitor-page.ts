/** What the monitor found: a table for people, documents for programs. */
import type { BarlineError } from '../base/index.ts';
import type { Condition, Notice, Sink, WaitingFor } from '../monitor/index.ts';
import type { Output } from './output.ts';
import { textTable } from './text-table.ts';

export interface Found {
  readonly standing: readonly Condition[];
  readonly changes: readonly Notice[];
  /** The notices of what stands, by condition; none where nothing is kept. */
  readonly since: ReadonlyMap<string, Notice>;
}

/** The shape of a look; `waiting` is null where sending goes on. */
export function monitorDocument(
  lake: string,
  nowMs: number,
  { standing, changes, since }: Found,
  waiting: readonly WaitingFor[] | null,
) {
  return {
    looked_at: new Date(nowMs).toISOString(),
    lake,
    standing: standing.map(({ id, kind, month, mode, message, value, threshold }) => ({
      condition: kind,
      month,
      mode,
      message,
      value,
      threshold,
      raised_at: since.get(id)?.raised_at ?? null,
    })),
    changes: changes.map(({ id, status, condition, month, mode, message }) => ({
      id,
      status,
      condition,
      month,
      mode,
      message,
    })),
    ...(waiting !== null && { waiting }),
  };
}

export function printLook(output: Output, place: string, { standing, since }: Found): void {
  if (standing.length === 0) {
    output.text(`nothing is wrong with ${place}`);
    return;
  }
  output.text(
    textTable(
      [{ title: 'condition' }, { title: 'since' }, { title: 'what' }],
      standing.map(({ id, kind, message }) => [kind, since.get(id)?.raised_at ?? '-', message]),
    ),
  );
  output.text(
    `\n${standing.length === 1 ? '1 condition stands' : `${standing.length} conditions stand`} in ${place}`,
  );
}

export interface SinkTest {
  readonly sink: Sink;
  readonly answer: string | null;
  readonly error: BarlineError | null;
  readonly seconds: number;
}

export function printSinkTests(output: Output, results: readonly SinkTest[]): void {
  for (const { sink, answer, error, seconds } of results) {
    output.json({
      sink: sink.name,
      type: sink.type,
      target: sink.target,
      delivered: error === null,
      answer,
      ...(error !== null && { error: { code: error.code, message: error.message } }),
      seconds,
    });
  }
  output.text(
    textTable(
      [{ title: 'sink' }, { title: 'to' }, { title: 'seconds', align: 'right' }, { title: 'answer' }],
      results.map(({ sink, answer, error, seconds }) => [
        sink.name,
        sink.target,
        seconds.toFixed(2),
        answer ?? error?.message ?? '',
      ]),
    ),
  );
  for (const { error } of results) if (error !== null && !output.options.json) output.error(error);
}
