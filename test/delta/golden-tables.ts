import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The golden Delta tables, which are no part of this repository. */
const root = process.env.BARLINE_GOLDEN ?? join(import.meta.dirname, '../../../shared/golden');
export const goldenDelta = join(root, 'delta');
export const goldenIsThere = existsSync(join(goldenDelta, 'manifest.json'));

if (!goldenIsThere && process.env.CI === 'true') {
  throw new Error(`the golden Delta tables are missing at ${goldenDelta}; set BARLINE_GOLDEN`);
}

export interface GoldenCase {
  readonly id: string;
  readonly table: string;
  readonly kind: string;
  readonly read: string;
  readonly version: number | null;
  readonly meta?: string;
  readonly error?: string;
  /** Path of the rows, or of what each engine said. */
  readonly expected: string;
  readonly rows: number;
  /** Columns that hold JSON text. */
  readonly jsonColumns?: readonly string[];
  /** Of a change feed. */
  readonly changes?: { readonly startingVersion: number; readonly endingVersion: number };
}

export interface GoldenMeta {
  readonly version: number;
  readonly schemaString: string | null;
  readonly partitionColumns: readonly string[];
  readonly properties: Readonly<Record<string, string>>;
  readonly minReaderVersion: number;
  readonly minWriterVersion: number;
  readonly numFiles: number;
  readonly sizeInBytes: number;
  readonly numFilesWithDeletionVector: number;
  readonly setTransactions: readonly (readonly [string, number])[];
  readonly domainMetadata: readonly { readonly domain: string }[];
  readonly files: readonly GoldenFile[];
}

export interface GoldenFile {
  readonly path: string;
  readonly size: number;
  readonly partitionValues: Readonly<Record<string, string | null>>;
}

export function readJson<T>(path: string): T {
  return JSON.parse(readFileSync(path, 'utf8'));
}
