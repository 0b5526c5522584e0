/**
 * Rolling maxima and minima by van Herk's method (1992): a window reaches over at most two blocks of its own
 * length, so its extreme is that of the earlier block's tail and the later block's head. Two comparisons a row,
 * whatever the window. `tail` is scratch of `window + 1`; results before row `window - 1` are not meaningful.
 */
export function slideMaximum(
  values: Int32Array,
  window: number,
  tail: Int32Array,
  highest: Int32Array,
): void {
  const rowCount = values.length;
  tail.fill(-0x80000000);
  for (let start = 0; start < rowCount; start += window) {
    const end = Math.min(start + window, rowCount);
    let head = -0x80000000;
    for (let i = start; i < end; i++) {
      const value = values[i];
      if (value > head) head = value;
      const before = tail[i - start + 1];
      highest[i] = Math.max(before, head);
    }
    if (end - start < window) return;
    head = -0x80000000;
    for (let i = end - 1; i >= start; i--) {
      const value = values[i];
      if (value > head) head = value;
      tail[i - start] = head;
    }
  }
}

export function slideMinimum(values: Int32Array, window: number, tail: Int32Array, lowest: Int32Array): void {
  const rowCount = values.length;
  tail.fill(0x7fffffff);
  for (let start = 0; start < rowCount; start += window) {
    const end = Math.min(start + window, rowCount);
    let head = 0x7fffffff;
    for (let i = start; i < end; i++) {
      const value = values[i];
      if (value < head) head = value;
      const before = tail[i - start + 1];
      lowest[i] = Math.min(before, head);
    }
    if (end - start < window) return;
    head = 0x7fffffff;
    for (let i = end - 1; i >= start; i--) {
      const value = values[i];
      if (value < head) head = value;
      tail[i - start] = head;
    }
  }
}

/** A window of `parts` × `window` bars as the extreme of its parts, from the rolling values of one part. */
export function joinMaxima(part: Int32Array, window: number, parts: number, highest: Int32Array): void {
  for (let i = (parts - 1) * window; i < part.length; i++) {
    let value = part[i];
    for (let k = 1; k < parts; k++) {
      const earlier = part[i - k * window];
      if (earlier > value) value = earlier;
    }
    highest[i] = value;
  }
}

export function joinMinima(part: Int32Array, window: number, parts: number, lowest: Int32Array): void {
  for (let i = (parts - 1) * window; i < part.length; i++) {
    let value = part[i];
    for (let k = 1; k < parts; k++) {
      const earlier = part[i - k * window];
      if (earlier < value) value = earlier;
    }
    lowest[i] = value;
  }
}
