/** A column chunk's statistics, and its pages'; what is out of a type's range is found here. */
import { columnError, type DenseColumn } from './column-data.ts';
import type { Dictionary } from './encoding-dictionary.ts';
import type { PageSpan } from './page-span.ts';
import type { ParquetField } from './schema.ts';
import { type ColumnStatistics, mergeStatistics, statisticsOf } from './statistics.ts';
import { type Range, rangeOf, UNKNOWN_RANGE } from './value-range.ts';

export interface ChunkStatistics {
  readonly chunk: ColumnStatistics;
  /** Of numbers in a dictionary, pages have counts of nulls alone. */
  readonly pages: readonly ColumnStatistics[];
}

/**
 * Throws `PARQUET_VALUE_RANGE`. The bounds of numbers in a dictionary are those of the dictionary, which spares a pass
 * over the rows; their pages go without, since columns of few values are seldom sorted and their pages all span the same.
 */
export function chunkStatistics(
  field: ParquetField,
  column: DenseColumn,
  spans: readonly PageSpan[],
  dictionary: Dictionary | undefined,
): ChunkStatistics {
  const { validity, values } = column;
  if (dictionary === undefined || values.kind === 'blobs') {
    const pages = spans.map((span) => {
      const range = rangeOf(values, span.valueStart, span.valueEnd);
      checkRange(field, range);
      return statisticsOf(field, range, nullCount(span));
    });
    return { chunk: mergeStatistics(pages), pages };
  }
  const { distinct, distinctCount } = dictionary;
  const range = rangeOf(distinct, 0, distinctCount);
  checkRange(field, range);
  const chunk = statisticsOf(field, { ...range, nanCount: countNans(column, range) }, validity.nullCount);
  return { chunk, pages: spans.map((span) => statisticsOf(field, UNKNOWN_RANGE, nullCount(span))) };
}

function nullCount(span: PageSpan): number {
  return span.rowEnd - span.rowStart - (span.valueEnd - span.valueStart);
}

/** The dictionary tells only that there are some. */
function countNans({ values }: DenseColumn, ofDictionary: Range): number {
  return ofDictionary.nanCount === 0 ? 0 : rangeOf(values, 0, values.values.length).nanCount;
}

function checkRange(field: ParquetField, { min, max, whole }: Range): void {
  if (!whole)
    throw columnError(
      'PARQUET_VALUE_RANGE',
      field,
      'expected whole numbers of up to 2^53 (larger ones as bigint), found others',
    );
  if (typeof min !== 'number' && typeof min !== 'bigint') return;
  if (typeof max !== 'number' && typeof max !== 'bigint') return;
  if (typeof field.type === 'string') return;
  const limit = 10n ** BigInt(field.type.precision) - 1n;
  if (-min > limit || max > limit) {
    throw columnError(
      'PARQUET_VALUE_RANGE',
      field,
      `expected at most ${limit} either way, found ${min} to ${max}`,
    );
  }
}
