/** `TABLE`, `TABLE@v12`, `TABLE@2025-12-13`, `TABLE@2025-12-13T12:00:00Z`. */
import { usageError } from '../base/index.ts';
import type { AtVersion } from '../delta/index.ts';

export interface TableReference {
  /** A name in the lake, or a path or URI. */
  readonly table: string;
  readonly at: AtVersion;
  /** What stood behind the `@`, or undefined. */
  readonly suffix: string | undefined;
}

const DATE = String.raw`\d{4}-\d{2}-\d{2}`;
const TIME = String.raw`\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:Z|[+-]\d{2}:?\d{2})?`;

/** What may stand behind the `@`, for use in other patterns. */
export const VERSION_SUFFIX = `v\\d+|${DATE}(?:T${TIME})?`;

const WHOLE_SUFFIX = new RegExp(`^(?:${VERSION_SUFFIX})$`, 'i');

/** Splits a reference. An `@` followed by something else belongs to the name (or is a slip that `table` tells of). */
export function parseTableReference(text: string): TableReference {
  const split = text.lastIndexOf('@');
  const suffix = split < 0 ? undefined : text.slice(split + 1);
  if (split <= 0 || suffix === undefined || !WHOLE_SUFFIX.test(suffix)) {
    return { table: text, at: {}, suffix: undefined };
  }
  return { table: text.slice(0, split), at: atOf(suffix), suffix };
}

/** Version or time of a suffix. A date is its midnight, a time without a zone is UTC. */
export function atOf(suffix: string): AtVersion {
  if (/^v/i.test(suffix)) {
    const version = Number(suffix.slice(1));
    if (Number.isSafeInteger(version)) return { version };
    throw usageError(
      `@${suffix} is no version a table can have`,
      'the newest one is shown by `barline table list`',
    );
  }
  const time = suffix.toUpperCase();
  const zoned = /T.*(?:Z|[+-]\d{2}:?\d{2})$/.test(time)
    ? time
    : time.includes('T')
      ? `${time}Z`
      : `${time}T00:00Z`;
  const timestamp = new Date(zoned.replace(/([+-]\d{2})(\d{2})$/, '$1:$2'));
  const day = suffix.slice(0, 10);
  const isDay = new Date(`${day}T00:00Z`).getTime();
  if (Number.isNaN(timestamp.getTime()) || new Date(isDay).toISOString().slice(0, 10) !== day) {
    throw usageError(
      `@${suffix} is no time of the calendar`,
      'expected e.g. @2025-12-13, @2025-12-13T12:00:00Z or @v12',
    );
  }
  return { timestamp };
}
