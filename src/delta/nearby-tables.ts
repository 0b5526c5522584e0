import type { Storage } from '../storage/index.ts';

/** Files looked at for the sake of a hint. */
const MAX_ENTRIES = 20_000;
const MAX_NAMED = 8;

/** A hint for a path that is no table: the tables below it, or that it holds plain Parquet. */
export async function tablesBelow(storage: Storage): Promise<string | undefined> {
  const tables = new Set<string>();
  let parquetFiles = 0;
  let looked = 0;
  for await (const { path } of storage.list('', { details: false })) {
    const log = path.indexOf('/_delta_log/');
    if (log > 0) tables.add(path.slice(0, log));
    else if (path.endsWith('.parquet')) parquetFiles += 1;
    looked += 1;
    if (looked >= MAX_ENTRIES || tables.size > MAX_NAMED) break;
  }
  if (tables.size > 0) {
    const named = [...tables].slice(0, MAX_NAMED).join(', ');
    return `there are tables below it: ${named}${tables.size > MAX_NAMED ? ' …' : ''}`;
  }
  if (parquetFiles > 0) return 'it holds plain Parquet files, which are no table by themselves';
  return undefined;
}
