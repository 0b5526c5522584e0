/** Figures as people read them. What is not known is a dash. */

const WHOLE = new Intl.NumberFormat('en-US');
const NONE = '–';

/** `621,000`. */
export function countText(value: number | null): string {
  return value === null ? NONE : WHOLE.format(Math.round(value));
}

/** A share of 0 to 1 as `93.7 %`. */
export function percentText(share: number | null, digits = 1): string {
  return share === null ? NONE : `${(share * 100).toFixed(digits)} %`;
}

/** `0.42 s`, `31 s`, `12 min 05 s`, `3 h 07 min`. */
export function secondsText(seconds: number | null): string {
  if (seconds === null) return NONE;
  if (seconds < 9.995) return `${seconds.toFixed(2)} s`;
  if (seconds < 99.95) return `${seconds.toFixed(1)} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes >= 60) return `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, '0')} min`;
  const whole = Math.round(seconds);
  return `${Math.floor(whole / 60)} min ${String(whole % 60).padStart(2, '0')} s`;
}

/** A score of 0 to 1 with its two digits. */
export function scoreText(score: number | null): string {
  return score === null ? NONE : score.toFixed(2);
}

/** A change such as `+12.0 %`. */
export function changeText(share: number | null): string {
  if (share === null) return NONE;
  const text = percentText(share);
  return share > 0 ? `+${text}` : text.replace('-', '−');
}

/** Any number in a few digits, whatever its size. */
export function numberText(value: number | null): string {
  if (value === null) return NONE;
  if (Number.isInteger(value) && Math.abs(value) < 1e9) return WHOLE.format(value);
  return String(Number(value.toPrecision(4)));
}

/** `1 month`, `185 months`. */
export function countOf(count: number, noun: string): string {
  return `${WHOLE.format(count)} ${noun}${count === 1 ? '' : 's'}`;
}

export function mean(values: readonly number[]): number | null {
  return values.length === 0 ? null : values.reduce((sum, each) => sum + each, 0) / values.length;
}

export function median(values: readonly number[]): number | null {
  if (values.length === 0) return null;
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? 0;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? 0) + upper) / 2;
}

export function sum(values: readonly number[]): number {
  return values.reduce((total, each) => total + each, 0);
}

/** The values that are known. */
export function known(values: readonly (number | null)[]): number[] {
  return values.filter((value) => value !== null);
}
