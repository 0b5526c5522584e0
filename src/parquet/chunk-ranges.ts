import type { ByteRange, ParquetFooter } from './footer-reader.ts';

/** Ranges closer than this are fetched as one: a request costs a store about as much time as so many bytes. */
const WIDEST_GAP = 64 << 10;
/** Longer ranges are fetched in parts side by side. */
const LONGEST_REQUEST = 8 << 20;

/** Names of top-level columns, whatever their case, or a choice by what the footer says of a leaf. */
export type ColumnChoice = readonly string[] | ((column: ParquetFooter['columns'][number]) => boolean);

/**
 * The parts of a file that hold these columns of these row groups (by index): their chunks, and their bloom filters,
 * which readers look into unasked. In order, without overlaps, not yet joined. `metadataStart` is where the footer
 * begins.
 */
export function chunkRanges(
  footer: ParquetFooter,
  columns: ColumnChoice | undefined,
  rowGroups: readonly number[],
  metadataStart: number,
): ByteRange[] {
  const isWanted = wantedColumns(footer, columns);
  const ranges: ByteRange[] = [];
  for (const index of rowGroups) {
    for (const chunk of footer.rowGroups[index]?.chunks ?? []) {
      if (!isWanted[chunk.columnIndex]) continue;
      ranges.push(chunk.range);
      if (chunk.bloomFilter !== undefined) {
        const { start, end = nextPlace(footer, start, metadataStart) } = chunk.bloomFilter;
        ranges.push({ start, end });
      }
    }
  }
  return joinRanges(
    ranges.map(({ start, end }) => ({ start, end: Math.min(end, metadataStart) })),
    0,
  );
}

function wantedColumns(footer: ParquetFooter, columns: ColumnChoice | undefined): boolean[] {
  if (columns === undefined) return footer.columns.map(() => true);
  if (typeof columns === 'function') return footer.columns.map(columns);
  const names = new Set(columns.map((name) => name.toLowerCase()));
  return footer.columns.map(({ path }) => names.has((path[0] ?? '').toLowerCase()));
}

/** Where the next known part begins: the end of a part whose length the footer does not tell. */
function nextPlace(footer: ParquetFooter, after: number, metadataStart: number): number {
  let next = metadataStart;
  for (const { chunks } of footer.rowGroups) {
    for (const { range, bloomFilter } of chunks) {
      for (const start of [range.start, bloomFilter?.start ?? 0])
        if (start > after && start < next) next = start;
    }
  }
  return next;
}

/** Ranges to be asked for: near ones joined, long ones parted. */
export function requestRanges(ranges: readonly ByteRange[]): ByteRange[] {
  return joinRanges(ranges, WIDEST_GAP).flatMap(({ start, end }) => {
    const parts: ByteRange[] = [];
    for (let at = start; at < end; at += LONGEST_REQUEST) {
      parts.push({ start: at, end: Math.min(end, at + LONGEST_REQUEST) });
    }
    return parts;
  });
}

function joinRanges(ranges: readonly ByteRange[], widestGap: number): ByteRange[] {
  const joined: { start: number; end: number }[] = [];
  for (const { start, end } of ranges
    .filter((range) => range.end > range.start)
    .sort((a, b) => a.start - b.start)) {
    const last = joined.at(-1);
    if (last !== undefined && start - last.end <= widestGap) last.end = Math.max(last.end, end);
    else joined.push({ start, end });
  }
  return joined;
}
