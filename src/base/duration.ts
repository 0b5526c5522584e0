const SECONDS: Readonly<Record<string, number>> = { ms: 0.001, s: 1, m: 60, h: 3600, d: 86_400 };

/** Seconds of `500ms`, `30s`, `5m`, `1.5h` or `2d`; undefined when it is no duration. */
export function parseDurationSeconds(text: string): number | undefined {
  const [, number, unit = ''] = /^\s*(\d+(?:\.\d+)?)\s*(ms|s|m|h|d)\s*$/.exec(text) ?? [];
  return number === undefined ? undefined : Number(number) * (SECONDS[unit] ?? Number.NaN);
}
