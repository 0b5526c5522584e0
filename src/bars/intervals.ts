/** Finding the interval a time lies in, for rows that mostly come in order. */

/**
 * How many of the ascending `edges` are at or below `value`: 0 before the first, `edges.length` from the last on.
 * Looks at `hint` and its successor first, so a kernel that passes its last result pays a few ns per row in
 * order, and a binary search elsewhere.
 */
export function intervalOf(edges: Float64Array, value: number, hint: number): number {
  let low = 0;
  let high = edges.length;
  if (hint >= 0 && hint <= high && (hint === 0 || edges[hint - 1] <= value)) {
    if (hint === high || value < edges[hint]) return hint;
    low = hint + 1;
    if (low === high || value < edges[low]) return low;
  }
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (edges[middle] <= value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Smallest and largest element; [Infinity, -Infinity] of none. About 1 ns per element. */
export function extent(values: Float64Array): readonly [min: number, max: number] {
  let min = Number.POSITIVE_INFINITY;
  let max = Number.NEGATIVE_INFINITY;
  for (let k = 0; k < values.length; k++) {
    const value = values[k];
    min = Math.min(min, value);
    max = Math.max(max, value);
  }
  return [min, max];
}
