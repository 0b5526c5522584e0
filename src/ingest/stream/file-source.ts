/** Lines of JSON, from a file or a pipe, as a topic of one partition whose offsets are the numbers of the lines. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { BarlineError, systemCode } from '../../base/index.ts';
import type { MessageSource, PartitionRange, PartitionRead, SourceMessage } from './source.ts';

export interface FileSettings {
  /** Stands for the topic in the table: lines of one name are stored once. */
  readonly topic: string;
  /** Opens the lines at their beginning; undefined where that can be done only once and was done. */
  readonly open: () => AsyncIterable<Uint8Array> | undefined;
  readonly identity: string | null;
}

const PARTITION = 0;
const READ_BYTES = 2 ** 20;
const LONGEST_LINE_BYTES = 64 * 2 ** 20;
const NEW_LINE = 10;

export class FileSource implements MessageSource {
  readonly provider = 'file';
  readonly topic: string;
  readonly identity: string | null;
  readonly #open: FileSettings['open'];
  #lines: AsyncIterator<Uint8Array[]> | undefined;
  #pending: Promise<IteratorResult<Uint8Array[]>> | undefined;
  /** The number of the line that comes next. */
  #next = 0;

  constructor({ topic, open, identity }: FileSettings) {
    this.topic = topic;
    this.#open = open;
    this.identity = identity;
  }

  assigned(): readonly number[] {
    return [PARTITION];
  }

  range(): Promise<PartitionRange> {
    return Promise.resolve({ start: 0, end: Number.POSITIVE_INFINITY });
  }

  async read(from: ReadonlyMap<number, number>, waitMs: number): Promise<readonly PartitionRead[]> {
    const start = from.get(PARTITION) ?? 0;
    if (this.#lines === undefined || start < this.#next) this.#begin();
    this.#pending ??= this.#lines?.next();
    const waited = new AbortController();
    const timeout = delay(waitMs, undefined, { signal: waited.signal }).catch(() => undefined);
    const result = await Promise.race([this.#pending, timeout]);
    waited.abort();
    if (result === undefined) return [];
    this.#pending = undefined;
    if (result.done === true) return [this.#atEnd(start)];
    const messages: SourceMessage[] = [];
    for (const value of result.value) {
      const offset = this.#next++;
      if (offset >= start && !isBlank(value)) messages.push({ offset, value });
    }
    return [
      { partition: PARTITION, messages, next: Math.max(start, this.#next), end: Number.POSITIVE_INFINITY },
    ];
  }

  #begin(): void {
    const chunks = this.#open();
    if (chunks === undefined) {
      throw new BarlineError({
        code: 'STREAM_NO_REWIND',
        message: `somebody else streams ${this.topic} into the same table, and what was read of stdin cannot be read again`,
        hint: 'give each stream a name of its own with --topic',
        facts: { topic: this.topic },
      });
    }
    this.#lines = linesOf(chunks)[Symbol.asyncIterator]();
    this.#pending = undefined;
    this.#next = 0;
  }

  #atEnd(start: number): PartitionRead {
    if (this.#next < start) {
      throw new BarlineError({
        code: 'STREAM_OTHER_TOPIC',
        message: `${this.topic} has ${this.#next} lines; ${start} of that name were read before`,
        hint: 'for other lines of the same name give --topic NAME',
        facts: { topic: this.topic, lines: this.#next, expected: start },
      });
    }
    this.#pending = Promise.resolve({ done: true, value: undefined });
    return { partition: PARTITION, messages: [], next: this.#next, end: this.#next };
  }

  report(): void {}

  async close(): Promise<void> {
    await this.#lines?.return?.();
  }
}

/** A file's first line: a file that grows keeps it, another one of the same name hardly has it. */
export async function fileIdentity(path: string): Promise<string | null> {
  try {
    for await (const lines of linesOf(createReadStream(path))) {
      const first = lines.find((line) => !isBlank(line));
      if (first !== undefined) return createHash('sha256').update(first).digest('hex').slice(0, 16);
    }
    return null;
  } catch (error) {
    const code = systemCode(error);
    if (code === undefined) throw error;
    throw new BarlineError({
      code: code === 'ENOENT' ? 'FILE_NOT_FOUND' : 'FILE_UNREADABLE',
      message: `${path} cannot be read (${code})`,
      cause: error,
      facts: { file: path },
    });
  }
}

function isBlank(line: Uint8Array): boolean {
  return line.every((byte) => byte === 32 || byte === 13 || byte === 9);
}

/** Lines, without their ends, some at a time. */
async function* linesOf(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array[]> {
  let rest: Uint8Array[] = [];
  let restByteLength = 0;
  for await (const chunk of chunks) {
    for (let start = 0; start < chunk.length; start += READ_BYTES) {
      const bytes = chunk.subarray(start, start + READ_BYTES);
      const lines: Uint8Array[] = [];
      let from = 0;
      for (let end = bytes.indexOf(NEW_LINE); end >= 0; end = bytes.indexOf(NEW_LINE, from)) {
        lines.push(Buffer.concat([...rest, bytes.subarray(from, end)]));
        rest = [];
        restByteLength = 0;
        from = end + 1;
      }
      if (from < bytes.length) rest.push(Uint8Array.from(bytes.subarray(from)));
      restByteLength += bytes.length - from;
      if (restByteLength > LONGEST_LINE_BYTES) {
        throw new BarlineError({
          code: 'STREAM_LINE_TOO_LONG',
          message: `a line is longer than ${LONGEST_LINE_BYTES} bytes; expected JSON lines, one message each`,
          hint: 'what stood before it is stored',
        });
      }
      if (lines.length > 0) yield lines;
    }
  }
  if (restByteLength > 0) yield [Buffer.concat(rest)];
}
