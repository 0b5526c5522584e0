import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { BarlineError } from '../base/index.ts';
import { isTemporaryPath, type Storage } from '../storage/index.ts';
import { type DeadLetterContext, type DeadRecord, recordKey } from './dead-record.ts';

export interface DeadLetter {
  /** Part of its name. */
  readonly id: string;
  /** In the lake. */
  readonly path: string;
  /** When it was written, ISO 8601. */
  readonly timestamp: string;
  readonly error: string;
  readonly context: DeadLetterContext;
  readonly records: readonly DeadRecord[];
}

export interface NewDeadLetter extends Pick<DeadLetter, 'context' | 'records'> {
  /** One line for all the records; how many of them failed unless given. */
  readonly error?: string;
}

const FOLDER = 'dlq/';
const STAGED = 'dlq/staged/';
const ABANDONED_MS = 86_400_000;
const NAME = /^dlq\/dlq_\d{8}T\d{9}Z_([0-9a-f]{12})\.json$/;
const RECORDS_PER_LETTER = 5000;

const letterSchema = z.object({
  timestamp: z.string(),
  error: z.string(),
  context: z.record(z.string(), z.union([z.string(), z.number()])),
  records: z.array(z.looseObject({ reason: z.string() })),
});

/** The dead letters of a lake: `dlq/dlq_<time>_<id>.json`. */
export class DeadLetters {
  readonly #lake: Storage;
  readonly #now: () => number;
  #known: Promise<Map<string, number>> | undefined;
  readonly #seen = new Map<string, number>();

  /** `now` in ms since the epoch. */
  constructor(lake: Storage, now: () => number) {
    this.#lake = lake;
    this.#now = now;
  }

  /**
   * Keeps records, durably. What an interrupted run has kept already is not kept again: of equal records of one
   * context, only as many are written as this object was given beyond those that lay there when it first wrote.
   */
  async keep({ context, records, error }: NewDeadLetter): Promise<void> {
    if (records.length === 0) return;
    this.#known ??= this.#countKnown();
    const known = await this.#known;
    const fresh = records.filter((record) => {
      const key = recordKey(context, record);
      const nth = (this.#seen.get(key) ?? 0) + 1;
      this.#seen.set(key, nth);
      return nth > (known.get(key) ?? 0);
    });
    await this.#write(FOLDER, { context, records: fresh, ...(error !== undefined && { error }) });
  }

  /**
   * Keeps records, durably, but shows them to nobody yet: for those who commit something together with them. The names
   * of the letters, for `publish` after the commit, or `discard`.
   */
  stage(letter: NewDeadLetter): Promise<string[]> {
    return this.#write(STAGED, letter);
  }

  /** Makes staged letters dead letters like any others; may be done again. */
  async publish(names: readonly string[]): Promise<void> {
    for (const name of names) {
      if ((await this.#lake.stat(`${STAGED}${name}`)) === undefined) continue;
      await this.#lake.put(`${FOLDER}${name}`, await this.#lake.read(`${STAGED}${name}`));
      await this.#lake.delete(`${STAGED}${name}`);
    }
  }

  async discard(names: readonly string[]): Promise<void> {
    for (const name of names) await this.#lake.delete(`${STAGED}${name}`);
  }

  /** Removes staged letters of runs that were killed so long ago that they commit nothing any more. */
  async discardAbandoned(): Promise<void> {
    const oldestMs = this.#now() - ABANDONED_MS;
    for await (const { path, modifiedMs } of this.#lake.list(STAGED)) {
      if (modifiedMs < oldestMs) await this.#lake.delete(path);
    }
  }

  async #write(folder: string, { context, records, error }: NewDeadLetter): Promise<string[]> {
    const names: string[] = [];
    for (let start = 0; start < records.length; start += RECORDS_PER_LETTER) {
      const part = records.slice(start, start + RECORDS_PER_LETTER);
      const timestamp = new Date(this.#now()).toISOString();
      const id = randomUUID().replaceAll('-', '').slice(-12);
      const name = `dlq_${timestamp.replace(/[-:.]/g, '')}_${id}.json`;
      const text = letterText({ timestamp, error: error ?? countOf(part.length), context, records: part });
      await this.#lake.write(`${folder}${name}`, [Buffer.from(text)]);
      names.push(name);
    }
    return names;
  }

  async #countKnown(): Promise<Map<string, number>> {
    const known = new Map<string, number>();
    for await (const { context, records } of this.all()) {
      for (const record of records) {
        const key = recordKey(context, record);
        known.set(key, (known.get(key) ?? 0) + 1);
      }
    }
    return known;
  }

  /** Oldest first. `DLQ_UNREADABLE` names a file that is no dead letter. */
  async *all(): AsyncGenerator<DeadLetter> {
    for await (const { path } of this.#lake.list(FOLDER, { recursive: false, details: false })) {
      const id = isTemporaryPath(path) ? undefined : NAME.exec(path)?.[1];
      if (id === undefined) continue;
      const letter = await this.#read(path, id);
      if (letter !== undefined) yield letter;
    }
  }

  /** `DLQ_NOT_FOUND` when there is none of this id. */
  async find(id: string): Promise<DeadLetter> {
    for await (const letter of this.all()) {
      if (letter.id === id || letter.path === id || letter.path === `${FOLDER}${id}`) return letter;
    }
    throw new BarlineError({
      code: 'DLQ_NOT_FOUND',
      message: `there is no dead letter ${JSON.stringify(id)} in ${this.#lake.uri}/${FOLDER}`,
      hint: '`barline dlq list` shows their ids',
      facts: { id },
    });
  }

  /** Undefined when it went away since it was listed. */
  async #read(path: string, id: string): Promise<DeadLetter | undefined> {
    if ((await this.#lake.stat(path)) === undefined) return undefined;
    const text = Buffer.from(await this.#lake.read(path)).toString('utf8');
    const parsed = letterSchema.safeParse(jsonOf(text));
    if (parsed.success) return { id, path, ...parsed.data };
    throw new BarlineError({
      code: 'DLQ_UNREADABLE',
      message: `${this.#lake.uri}/${path} is no dead letter: ${parsed.error.issues[0]?.message ?? 'no JSON'}`,
      hint: 'mend the file, or move it away',
      facts: { path },
    });
  }

  /** Puts other records in a letter's place, or takes it away when none are left. */
  async replace(letter: DeadLetter, records: readonly DeadRecord[]): Promise<void> {
    if (records.length === 0) {
      await this.#lake.delete(letter.path);
      return;
    }
    const { timestamp, context } = letter;
    const error = letter.error === countOf(letter.records.length) ? countOf(records.length) : letter.error;
    await this.#lake.put(letter.path, Buffer.from(letterText({ timestamp, error, context, records })));
  }

  async remove(letter: DeadLetter): Promise<void> {
    await this.#lake.delete(letter.path);
  }
}

function countOf(count: number): string {
  return count === 1 ? '1 record failed validation' : `${count} records failed validation`;
}

function letterText(letter: Omit<DeadLetter, 'id' | 'path'>): string {
  return `${JSON.stringify(letter, null, 1)}\n`;
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
