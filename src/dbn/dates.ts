const MS_PER_DAY = 86_400_000;

/** `YYYY-MM-DD` of a date written as the number YYYYMMDD; undefined if the calendar has no such day. */
export function dateOfNumber(yyyymmdd: number): string | undefined {
  const year = Math.floor(yyyymmdd / 10_000);
  const month = Math.floor(yyyymmdd / 100) % 100;
  const day = yyyymmdd % 100;
  if (year < 1 || year > 9999) return undefined;
  const text = `${String(year).padStart(4, '0')}-${String(month).padStart(2, '0')}-${String(day).padStart(2, '0')}`;
  return utcDayOf(text) === undefined ? undefined : text;
}

/** The number YYYYMMDD of a `YYYY-MM-DD`; undefined if it is no date. */
export function numberOfDate(date: string): number | undefined {
  return utcDayOf(date) === undefined ? undefined : Number(date.replaceAll('-', ''));
}

/** Days from 1970-01-01 to a `YYYY-MM-DD`; undefined if it is no date of the calendar. */
export function utcDayOf(date: string): number | undefined {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(date)) return undefined;
  const ms = Date.parse(`${date}T00:00:00Z`);
  if (Number.isNaN(ms) || new Date(ms).toISOString().slice(0, 10) !== date) return undefined;
  return ms / MS_PER_DAY;
}
