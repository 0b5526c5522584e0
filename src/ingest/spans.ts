/** Spans of time [from, to), as sorted lists in which none touch. */

export type Span = readonly [from: number, to: number];

/** Any spans, in any order, as such a list. */
export function unionOf(spans: Iterable<Span>): Span[] {
  const sorted = [...spans].filter(([from, to]) => from < to).sort((a, b) => a[0] - b[0]);
  const union: [number, number][] = [];
  for (const [from, to] of sorted) {
    const last = union.at(-1);
    if (last !== undefined && from <= last[1]) last[1] = Math.max(last[1], to);
    else union.push([from, to]);
  }
  return union;
}

/** What lies in `spans` and not in `taken`; both are such lists. */
export function without(spans: readonly Span[], taken: readonly Span[]): Span[] {
  const left: Span[] = [];
  let next = 0;
  for (const [from, to] of spans) {
    let start = from;
    while (next < taken.length && (taken[next]?.[1] ?? 0) <= start) next++;
    for (let k = next; k < taken.length; k++) {
      const [takenFrom, takenTo] = taken[k] ?? [to, to];
      if (takenFrom >= to) break;
      if (takenFrom > start) left.push([start, takenFrom]);
      start = Math.max(start, takenTo);
    }
    if (start < to) left.push([start, to]);
  }
  return left;
}

/** What lies in [from, to). */
export function within(spans: readonly Span[], from: number, to: number): Span[] {
  return spans.flatMap(([a, b]): Span[] => {
    const span: Span = [Math.max(a, from), Math.min(b, to)];
    return span[0] < span[1] ? [span] : [];
  });
}

/** Whether a moment lies in such a list; log n. */
export function covers(spans: readonly Span[], at: number): boolean {
  let low = 0;
  let high = spans.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((spans[middle]?.[1] ?? 0) <= at) low = middle + 1;
    else high = middle;
  }
  return low < spans.length && (spans[low]?.[0] ?? Infinity) <= at;
}

export function lengthOf(spans: readonly Span[]): number {
  return spans.reduce((sum, [from, to]) => sum + to - from, 0);
}
