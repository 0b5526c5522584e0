/**
 * Which rows hold a value, as lengths of alternating runs: valid, null, valid, null … The first may be 0 long.
 * Real columns are null at the start of a session and seldom else, so runs are short to write and quick to walk.
 */
import { KERNEL_BLOCK } from './kernel-block.ts';
import type { PageBuffer } from './page-buffer.ts';
import { writeRuns } from './rle-hybrid.ts';
import { scratch } from './scratch.ts';

export interface Validity {
  readonly rowCount: number;
  readonly nullCount: number;
  readonly runLengths: Int32Array;
  readonly runCount: number;
}

/** Where a column's null marks come from. */
export type NullMarks =
  | { readonly kind: 'none' }
  | { readonly kind: 'bytes'; readonly valid: Uint8Array }
  | { readonly kind: 'nan32'; readonly values: Float32Array }
  | { readonly kind: 'nan64'; readonly values: Float64Array };

/** One pass over the marks: about 0.4 ns a row. */
export function findValidity(marks: NullMarks, rowCount: number): Validity {
  if (marks.kind === 'none' || rowCount === 0) {
    return { rowCount, nullCount: 0, runLengths: Int32Array.of(rowCount), runCount: 1 };
  }
  const runLengths = new Int32Array(scratch('validityRuns', 4 * (rowCount + 2)));
  let runCount = 0;
  for (let start = 0; start < rowCount; start += KERNEL_BLOCK) {
    const end = Math.min(rowCount, start + KERNEL_BLOCK);
    if (marks.kind === 'bytes') runCount = runsOfBytes(marks.valid, start, end, runLengths, runCount);
    else if (marks.kind === 'nan32') runCount = runsOfFloats(marks.values, start, end, runLengths, runCount);
    else runCount = runsOfDoubles(marks.values, start, end, runLengths, runCount);
  }
  let nullCount = 0;
  for (let run = 1; run < runCount; run += 2) nullCount += runLengths[run];
  return { rowCount, nullCount, runLengths, runCount };
}

/** Appends a stretch of rows to the runs, joining it to the last where that is of its kind. */
function appendRun(runLengths: Int32Array, runCount: number, isNull: boolean, length: number): number {
  if (length === 0) return runCount;
  if (runCount > 0 && (runCount % 2 === 0) === isNull) {
    runLengths[runCount - 1] += length;
    return runCount;
  }
  if (runCount === 0 && isNull) runLengths[runCount++] = 0;
  runLengths[runCount] = length;
  return runCount + 1;
}

// A loop per array type, since one that sees a single type runs at twice the speed.
function runsOfBytes(
  valid: Uint8Array,
  start: number,
  end: number,
  runLengths: Int32Array,
  runCount: number,
): number {
  let count = runCount;
  for (let row = start; row < end; ) {
    let first = row;
    while (row < end && valid[row] !== 0) row++;
    count = appendRun(runLengths, count, false, row - first);
    first = row;
    while (row < end && valid[row] === 0) row++;
    count = appendRun(runLengths, count, true, row - first);
  }
  return count;
}

function runsOfFloats(
  values: Float32Array,
  start: number,
  end: number,
  runLengths: Int32Array,
  runCount: number,
): number {
  let count = runCount;
  for (let row = start; row < end; ) {
    let first = row;
    // A sum is NaN where a part is; infinities of both signs end up in the careful loop below.
    while (row + 4 <= end && values[row] + values[row + 1] + (values[row + 2] + values[row + 3]) < Infinity)
      row += 4;
    while (row < end && !Number.isNaN(values[row])) row++;
    count = appendRun(runLengths, count, false, row - first);
    first = row;
    while (row < end && Number.isNaN(values[row])) row++;
    count = appendRun(runLengths, count, true, row - first);
  }
  return count;
}

function runsOfDoubles(
  values: Float64Array,
  start: number,
  end: number,
  runLengths: Int32Array,
  runCount: number,
): number {
  let count = runCount;
  for (let row = start; row < end; ) {
    let first = row;
    while (row < end && !Number.isNaN(values[row])) row++;
    count = appendRun(runLengths, count, false, row - first);
    first = row;
    while (row < end && Number.isNaN(values[row])) row++;
    count = appendRun(runLengths, count, true, row - first);
  }
  return count;
}

/** The first null row; -1 when there is none. */
export function firstNullRow(validity: Validity): number {
  return validity.nullCount === 0 ? -1 : validity.runLengths[0];
}

/** Calls `visit` for each stretch of valid rows: where it starts among rows, among values, and its length. */
export function eachValidStretch(
  validity: Validity,
  visit: (rowStart: number, valueStart: number, length: number) => void,
): void {
  let row = 0;
  let value = 0;
  for (let run = 0; run < validity.runCount; run++) {
    const length = validity.runLengths[run];
    if (run % 2 === 0 && length > 0) {
      visit(row, value, length);
      value += length;
    }
    row += length;
  }
}

/** Walks a column's validity page by page, front to back. */
export class ValidityCursor {
  readonly #validity: Validity;
  #run = 0;
  #usedOfRun = 0;

  constructor(validity: Validity) {
    this.#validity = validity;
  }

  /**
   * Takes the next `rowCount` rows: writes their definition levels (1 valid, 0 null) into `page` when one is given,
   * and returns how many of them are null.
   */
  take(rowCount: number, page: PageBuffer | undefined): number {
    const { runLengths, runCount } = this.#validity;
    const levels = new Int32Array(scratch('runCodes', 4 * (runCount + 1)));
    const lengths = new Int32Array(scratch('runLengths', 4 * (runCount + 1)));
    let count = 0;
    let nullCount = 0;
    let left = rowCount;
    while (left > 0) {
      const valid = this.#run % 2 === 0;
      const length = Math.min(left, runLengths[this.#run] - this.#usedOfRun);
      if (length > 0) {
        levels[count] = valid ? 1 : 0;
        lengths[count++] = length;
        if (!valid) nullCount += length;
      }
      left -= length;
      this.#usedOfRun += length;
      if (this.#usedOfRun === runLengths[this.#run] && this.#run + 1 < runCount) {
        this.#run++;
        this.#usedOfRun = 0;
      }
    }
    if (page !== undefined) writeRuns(page, levels, lengths, count, 1);
    return nullCount;
  }
}
