import { fileURLToPath } from 'node:url';
import { deltaError } from './delta-error.ts';

/** Paths of the log: URIs, relative to the table's root, percent-encoded. */

export const LOG_FOLDER = '_delta_log/';

/** The name of a version's commit file. */
export function commitPath(version: number): string {
  return `${LOG_FOLDER}${versionDigits(version)}.json`;
}

export function versionDigits(version: number): string {
  return String(version).padStart(20, '0');
}

/** A storage path as the log writes it. Over-encoding is harmless: every reader decodes. */
export function encodePath(storagePath: string): string {
  return encodeURI(storagePath).replace(/[?#]/g, (c) => (c === '?' ? '%3F' : '%23'));
}

/** A path of the log as the storage names it: `a%20b.parquet` is the file `a b.parquet`. */
export function decodePath(logPath: string): string {
  if (!logPath.includes('%')) return logPath;
  try {
    return decodeURIComponent(logPath);
  } catch {
    throw deltaError({
      code: 'DELTA_BAD_PATH',
      message: `the log's path ${JSON.stringify(logPath)} is not percent-encoded UTF-8`,
      facts: { path: logPath },
    });
  }
}

/**
 * What two paths of the log share when they name one file: `/a/b`, `file:/a/b` and `file:///a/b` do. Relative and
 * absolute paths are never the same, as in Spark.
 */
export function pathKey(logPath: string): string {
  const path = decodePath(logPath);
  return path.startsWith('file:') ? path.replace(/^file:\/*/, '/') : path;
}

export function isAbsolutePath(logPath: string): boolean {
  return logPath.startsWith('/') || /^[a-z][a-z0-9+.-]*:/i.test(logPath);
}

/** An absolute path of the log as a path of this machine, or undefined when it lies in another store. */
export function absoluteLocalPath(logPath: string): string | undefined {
  if (logPath.startsWith('file:')) return fileURLToPath(logPath);
  return logPath.startsWith('/') ? decodePath(logPath) : undefined;
}

// The characters Hive escapes in a partition folder's name; all engines follow it.
// biome-ignore-start lint/suspicious/noControlCharactersInRegex: control characters are among them
const HIVE_ESCAPED = /[\u0000-\u001f\u007f"#%'*/:=?\\{[\]^]/g;
// biome-ignore-end lint/suspicious/noControlCharactersInRegex: control characters are among them

export const NULL_PARTITION = '__HIVE_DEFAULT_PARTITION__';

/**
 * `month=2024-10/` for a file of that partition; empty without partition columns. The folder is a convention only:
 * readers take the values from the log.
 */
export function partitionFolder(
  partitionColumns: readonly string[],
  partitionValues: Readonly<Record<string, string | null>>,
): string {
  return partitionColumns
    .map((column) => `${hiveEscape(column)}=${hiveEscape(partitionValues[column] ?? '') || NULL_PARTITION}/`)
    .join('');
}

function hiveEscape(text: string): string {
  return text.replace(HIVE_ESCAPED, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`);
}
