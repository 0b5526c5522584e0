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

/** A batch being filled, with the 32-bit views the transposer writes through. */
interface OpenBatch {
  readonly bars: BarBatch;
  readonly tsEvent: Int32Array;
  readonly open: Int32Array;
  readonly high: Int32Array;
  readonly low: Int32Array;
  readonly close: Int32Array;
  readonly volume: Int32Array;
  readonly tsOut: Int32Array | undefined;
}

function openBatch(rowCount: number, withTsOut: boolean): OpenBatch {
  const bars = allocateBars(rowCount, withTsOut);
  return {
    bars,
    tsEvent: int32Words(bars.tsEvent),
    open: int32Words(bars.open),
    high: int32Words(bars.high),
    low: int32Words(bars.low),
    close: int32Words(bars.close),
    volume: int32Words(bars.volume),
    tsOut: bars.tsOut && int32Words(bars.tsOut),
  };
}

export interface TransposerOptions {
  readonly file: string;
  /** Record types that become rows; all others are stepped over. */
  readonly rtypes: readonly number[];
  readonly withTsOut: boolean;
  readonly batchRows: number;
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

  /** The rows gathered since the last call. The batch is the caller's to keep. */
  takeBatch(): BarBatch {
    const rowCount = this.#batchRowCount;
    const batch = this.#batch ?? openBatch(0, this.#options.withTsOut);
    this.#batch = undefined;
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

  #scan(): void {
    this.#batch ??= openBatch(this.#options.batchRows, this.#options.withTsOut);
    const batch = this.#batch;
    const { rtype, publisherId, instrumentId } = batch.bars;
    const { tsEvent, open, high, low, close, volume, tsOut } = batch;
    const words = this.#words;
    const isWanted = this.#isWanted;
    const leastWords = this.#leastWords;
    const countByRtype = this.#countByRtype;
    const endWord = this.#filledBytes >>> 2;
    const batchRows = this.#options.batchRows;
    let word = this.#nextWord;
    let row = this.#batchRowCount;
    while (word < endWord && row < batchRows) {
      const head = words[word];
      const lengthWords = head & 0xff;
      const type = (head >>> 8) & 0xff;
      if (lengthWords < leastWords[type]) {
        this.#advance(word, row);
        throw this.#badRecord(this.#windowOffset + word * 4, lengthWords, leastWords[type]);
      }
      if (word + lengthWords > endWord) break;
      countByRtype[type]++;
      if (isWanted[type] === 1) {
        const lowHalf = 2 * row;
        const highHalf = lowHalf + 1;
        rtype[row] = type;
        publisherId[row] = head >>> 16;
        instrumentId[row] = words[word + 1];
        tsEvent[lowHalf] = words[word + 2];
        tsEvent[highHalf] = words[word + 3];
        open[lowHalf] = words[word + 4];
        open[highHalf] = words[word + 5];
        high[lowHalf] = words[word + 6];
        high[highHalf] = words[word + 7];
        low[lowHalf] = words[word + 8];
        low[highHalf] = words[word + 9];
        close[lowHalf] = words[word + 10];
        close[highHalf] = words[word + 11];
        volume[lowHalf] = words[word + 12];
        volume[highHalf] = words[word + 13];
        if (tsOut !== undefined) {
          const hasTsOut = lengthWords >= BAR_WORDS_WITH_TS_OUT;
          tsOut[lowHalf] = hasTsOut ? words[word + 14] : -1;
          tsOut[highHalf] = hasTsOut ? words[word + 15] : -1;
        }
        row++;
      }
      word += lengthWords;
    }
    this.#advance(word, row);
  }

  #advance(word: number, row: number): void {
    this.#rowCount += row - this.#batchRowCount;
    this.#nextWord = word;
    this.#batchRowCount = row;
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
