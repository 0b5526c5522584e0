/** Durations of table properties: `interval 7 days`, `interval 1 week 12 hours`. */

const UNIT_MS: Readonly<Record<string, number>> = {
  nanosecond: 1e-6,
  microsecond: 1e-3,
  millisecond: 1,
  second: 1_000,
  minute: 60_000,
  hour: 3_600_000,
  day: 86_400_000,
  week: 7 * 86_400_000,
};

/** Milliseconds of an interval, or undefined when it is none. Months and years have no fixed length and are none. */
export function intervalMs(text: string): number | undefined {
  const words = text.trim().toLowerCase().split(/\s+/);
  if (words[0] === 'interval') words.shift();
  if (words.length === 0 || words.length % 2 === 1) return undefined;
  let totalMs = 0;
  for (let i = 0; i < words.length; i += 2) {
    const amount = words[i] ?? '';
    const unitMs = UNIT_MS[(words[i + 1] ?? '').replace(/s$/, '')];
    if (!/^\d+$/.test(amount) || unitMs === undefined) return undefined;
    totalMs += Number(amount) * unitMs;
  }
  return totalMs;
}

const WEEK_MS = 7 * 86_400_000;

/** How long a removed file stays for readers of older versions: `delta.deletedFileRetentionDuration`, 7 days. */
export function deletedFileRetentionMs(properties: Readonly<Record<string, string>>): number {
  return intervalMs(properties['delta.deletedFileRetentionDuration'] ?? '') ?? WEEK_MS;
}

/** How long commits stay in the log: `delta.logRetentionDuration`, 30 days. */
export function logRetentionMs(properties: Readonly<Record<string, string>>): number {
  return intervalMs(properties['delta.logRetentionDuration'] ?? '') ?? 30 * 86_400_000;
}
