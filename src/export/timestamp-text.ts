import { UNDEFINED_TIMESTAMP } from '../dbn/index.ts';

const NS_PER_SECOND = 1_000_000_000n;

/**
 * Writes nanoseconds since the epoch as `2024-03-01T14:30:00.000000000Z`, null for an undefined time. Remembers the
 * last second, since bars come in time order: about 100 ns a call.
 */
export function timestampText(): (timeNs: bigint) => string | null {
  let lastSecond = -1n;
  let head = '';
  return (timeNs) => {
    if (timeNs === UNDEFINED_TIMESTAMP) return null;
    const second = timeNs / NS_PER_SECOND;
    if (second !== lastSecond) {
      head = new Date(Number(second) * 1000).toISOString().slice(0, 19);
      lastSecond = second;
    }
    const nanos = Number(timeNs - second * NS_PER_SECOND);
    return nanos === 0 ? `${head}.000000000Z` : `${head}.${String(nanos).padStart(9, '0')}Z`;
  };
}
