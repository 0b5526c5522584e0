import { DbnError } from './errors.ts';
import {
  allocateBars,
  BAR_WORDS,
  BAR_WORDS_WITH_TS_OUT,
  type BarBatch,
  HEADER_WORDS,
  int32Words,
  sliceBars,
} from './records.ts';
import { ALL_BAR_RTYPES } from './schema.ts';

/** Fits the second-level cache beside the columns it is spread over; a record is at most 1,020 bytes. */
const WINDOW_BYTES = 128 * 1024;

/** A header's words before ts_event, the first of the six 64-bit columns. */
const TS_EVENT_WORD = 2;

/** A batch being filled, with the 32-bit views the transposer writes through. */
interface OpenBatch {
  readonly bars: BarBatch;
  /** The 64-bit columns in the order of the record: ts_event, open, high, low, close, volume. */
  readonly words64: readonly Int32Array[];
  readonly tsOut: Int32Array | undefined;
}

function openBatch(rowCount: number, withTsOut: boolean): OpenBatch {
  const bars = allocateBars(rowCount, withTsOut);
  const { tsEvent, open, high, low, close, volume } = bars;
  return {
    bars,
    words64: [tsEvent, open, high, low, close, volume].map(int32Words),
    tsOut: bars.tsOut && int32Words(bars.tsOut),
  };
}

/** How many records from `word` on, at most `most`, have the length and type of the first. */
function runLength(words: Int32Array, word: number, most: number): number {
  const lengthAndType = words[word] & 0xffff;
  const step = lengthAndType & 0xff;
  let count = 1;
  for (let at = word + step; count < most && (words[at] & 0xffff) === lengthAndType; at += step) count++;
  return count;
}

function copyHeaders(
  words: Int32Array,
  word: number,
  step: number,
  count: number,
  bars: BarBatch,
  row: number,
): void {
  const { rtype, publisherId, instrumentId } = bars;
  for (let i = row, at = word; i < row + count; i++, at += step) {
    const head = words[at];
    rtype[i] = head >>> 8;
    publisherId[i] = head >>> 16;
    instrumentId[i] = words[at + 1];
  }
}

function copyWords64(
  words: Int32Array,
  word: number,
  step: number,
  count: number,
  column: Int32Array,
  row: number,
): void {
  const end = 2 * (row + count);
  for (let to = 2 * row, at = word; to < end; to += 2, at += step) {
    column[to] = words[at];
    column[to + 1] = words[at + 1];
  }
}

export interface TransposerOptions {
  readonly file: string;
  /** Record types that become rows; all others are stepped over. */
  readonly rtypes: readonly number[];
  readonly withTsOut: boolean;
  readonly batchRows: number;
  /** The next batch is written over the one taken last. */
  readonly reuseBatch: boolean;
  /** Where the first record starts in the decoded stream. */
  readonly startOffset: number;
}

/**
 * Turns a stream of records into columns: 32-bit words are copied, nothing is allocated per record. Chunks may be cut
 * anywhere and lie at any alignment, since they pass through a window whose first byte is the first byte of a record.
 * A record's length byte alone decides where the next one starts. Cost: about 12 ns a row.
 */
export class BarTransposer {
  readonly #options: TransposerOptions;
  readonly #words = new Int32Array(WINDOW_BYTES / 4);
  readonly #bytes = new Uint8Array(this.#words.buffer);
  readonly #isWanted = new Uint8Array(256);
  /** Words a record of the type has at least. */
  readonly #leastWords = new Uint8Array(256).fill(HEADER_WORDS);
  readonly #countByRtype = new Float64Array(256);
  #filledBytes = 0;
  #nextWord = 0;
  #windowOffset: number;
  #batch: OpenBatch | undefined;
  #batchRowCount = 0;
  #rowCount = 0;

  constructor(options: TransposerOptions) {
    this.#options = options;
    this.#windowOffset = options.startOffset;
    for (const rtype of ALL_BAR_RTYPES) this.#leastWords[rtype] = BAR_WORDS;
    for (const rtype of options.rtypes) {
      this.#isWanted[rtype] = 1;
      this.#leastWords[rtype] = BAR_WORDS;
    }
  }

  /** Records seen, by record type. */
  get countByRtype(): Float64Array {
    return this.#countByRtype;
  }

  /** Rows written so far, over all batches. */
  get rowCount(): number {
    return this.#rowCount;
  }

  get batchRowCount(): number {
    return this.#batchRowCount;
  }

  get isBatchFull(): boolean {
    return this.#batchRowCount === this.#options.batchRows;
  }

  /**
   * Takes bytes from `from` on until they or the batch's rows run out; returns where it stopped. Throws `DbnError`
   * (`bad_record`).
   */
  feed(chunk: Uint8Array, from: number): number {
    let at = from;
    this.#scan();
    while (at < chunk.length && !this.isBatchFull) {
      this.#dropScanned();
      const step = Math.min(WINDOW_BYTES - this.#filledBytes, chunk.length - at);
      this.#bytes.set(chunk.subarray(at, at + step), this.#filledBytes);
      this.#filledBytes += step;
      at += step;
      this.#scan();
    }
    return at;
  }

  /** The rows gathered since the last call; the caller's to keep, or until the next `feed` if batches are reused. */
  takeBatch(): BarBatch {
    const rowCount = this.#batchRowCount;
    const batch = this.#batch ?? openBatch(0, this.#options.withTsOut);
    this.#batch = this.#options.reuseBatch ? batch : undefined;
    this.#batchRowCount = 0;
    return rowCount === batch.bars.rowCount ? batch.bars : sliceBars(batch.bars, 0, rowCount);
  }

  /** Says that the stream has ended. Throws `DbnError` (`truncated_record`, `bad_record`) if that is inside a record. */
  finish(): void {
    const have = this.#filledBytes - this.#nextWord * 4;
    if (have === 0) return;
    const offset = this.#windowOffset + this.#nextWord * 4;
    const lengthWords = this.#bytes[this.#nextWord * 4];
    const leastWords = have > 1 ? this.#leastWords[this.#bytes[this.#nextWord * 4 + 1]] : HEADER_WORDS;
    if (lengthWords < leastWords) throw this.#badRecord(offset, lengthWords, leastWords);
    throw new DbnError(this.#options.file, {
      kind: 'truncated_record',
      at: 'decoded',
      offset,
      have,
      need: lengthWords * 4,
      completeRecords: this.#recordCount(),
      problem: 'the stream ends inside the record that starts here',
      expected: `${lengthWords * 4} bytes`,
      found: have,
      hint: 'Download the file again.',
    });
  }

  #recordCount(): number {
    return this.#countByRtype.reduce((sum, count) => sum + count, 0);
  }

  #dropScanned(): void {
    const scannedBytes = this.#nextWord * 4;
    this.#bytes.copyWithin(0, scannedBytes, this.#filledBytes);
    this.#filledBytes -= scannedBytes;
    this.#windowOffset += scannedBytes;
    this.#nextWord = 0;
  }

  /** Takes whole records off the window, a run of one type and length at a time, until the batch is full. */
  #scan(): void {
    const words = this.#words;
    const endWord = this.#filledBytes >>> 2;
    while (this.#nextWord < endWord && !this.isBatchFull) {
      const word = this.#nextWord;
      const lengthWords = words[word] & 0xff;
      const rtype = (words[word] >>> 8) & 0xff;
      if (lengthWords < this.#leastWords[rtype]) {
        throw this.#badRecord(this.#windowOffset + word * 4, lengthWords, this.#leastWords[rtype]);
      }
      const wholeCount = Math.floor((endWord - word) / lengthWords);
      if (wholeCount === 0) return;
      const isWanted = this.#isWanted[rtype] === 1;
      const roomCount = isWanted ? this.#options.batchRows - this.#batchRowCount : wholeCount;
      const count = runLength(words, word, Math.min(wholeCount, roomCount));
      if (isWanted) this.#takeRun(word, lengthWords, count);
      this.#countByRtype[rtype] += count;
      this.#nextWord += count * lengthWords;
    }
  }

  #takeRun(word: number, lengthWords: number, count: number): void {
    this.#batch ??= openBatch(this.#options.batchRows, this.#options.withTsOut);
    const { bars, words64, tsOut } = this.#batch;
    const row = this.#batchRowCount;
    copyHeaders(this.#words, word, lengthWords, count, bars, row);
    for (let i = 0; i < words64.length; i++) {
      copyWords64(this.#words, word + TS_EVENT_WORD + 2 * i, lengthWords, count, words64[i], row);
    }
    if (tsOut !== undefined && lengthWords >= BAR_WORDS_WITH_TS_OUT) {
      copyWords64(this.#words, word + BAR_WORDS, lengthWords, count, tsOut, row);
    } else if (tsOut !== undefined) {
      tsOut.fill(-1, 2 * row, 2 * (row + count));
    }
    this.#batchRowCount += count;
    this.#rowCount += count;
  }

  #badRecord(offset: number, lengthWords: number, leastWords: number): DbnError {
    return new DbnError(this.#options.file, {
      kind: 'bad_record',
      at: 'decoded',
      offset,
      completeRecords: this.#recordCount(),
      problem: 'the length byte of the record that starts here cannot be right',
      expected: `${leastWords} or more words of 4 bytes`,
      found: lengthWords,
      hint: 'The file is damaged, or something else was appended to it.',
    });
  }
}
