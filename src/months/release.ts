/**
 * Gives the memory under arrays back at once; nobody may use them any more. A run makes so little besides its columns
 * that a collection may come months later, and one month's raw and clean columns are 80 MB. Memory shared by threads,
 * and memory of which an array has only a part, is left to the collector.
 */
export function release(arrays: Iterable<unknown>): void {
  for (const array of arrays) {
    if (!ArrayBuffer.isView(array)) continue;
    const { buffer } = array;
    if (buffer instanceof ArrayBuffer && !buffer.detached && buffer.resizable === false) buffer.transfer(0);
  }
}
