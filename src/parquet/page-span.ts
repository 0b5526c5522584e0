/** How a column's rows are cut into pages. */

import type { DenseColumn } from './column-data.ts';
import { plainByteLength } from './encoding-plain.ts';
import { ValidityCursor } from './validity.ts';

export interface PageSpan {
  readonly rowStart: number;
  readonly rowEnd: number;
  /** The same rows among the values that are not null. */
  readonly valueStart: number;
  readonly valueEnd: number;
}

export interface PageLimits {
  readonly rowCount: number;
  /** Of values in PLAIN. */
  readonly byteLength: number;
}

/** Pages of nearly equal row counts, few enough that an average one keeps the limits. */
export function pageSpans(column: DenseColumn, limits: PageLimits): PageSpan[] {
  const { rowCount } = column.validity;
  const valueCount = column.values.values.length;
  const byteLength = plainByteLength(column.values, 0, valueCount);
  const rowsInBytes = Math.floor((limits.byteLength * rowCount) / Math.max(byteLength, 1));
  const mostRows = Math.max(1, Math.min(limits.rowCount, rowsInBytes));
  const rowsPerPage = Math.ceil(rowCount / Math.ceil(rowCount / mostRows));
  const cursor = new ValidityCursor(column.validity);
  const spans: PageSpan[] = [];
  let valueStart = 0;
  for (let rowStart = 0; rowStart < rowCount; rowStart += rowsPerPage) {
    const rowEnd = Math.min(rowCount, rowStart + rowsPerPage);
    const valueEnd = valueStart + (rowEnd - rowStart) - cursor.take(rowEnd - rowStart, undefined);
    spans.push({ rowStart, rowEnd, valueStart, valueEnd });
    valueStart = valueEnd;
  }
  return spans;
}
