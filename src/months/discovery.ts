import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { BarlineError, systemCode, usageError } from '../base/index.ts';
import type { FileEntry, Storage } from '../storage/index.ts';
import type { Month } from './month.ts';

/** A monthly file of 1-second bars that lies in the source. */
export interface RawMonth {
  readonly month: Month;
  /** Relative to the source's root. */
  readonly path: string;
  readonly byteLength: number;
  readonly modifiedMs: number;
}

export interface Discovery {
  /** By month, in time order. */
  readonly months: readonly RawMonth[];
  /** DBN files that are no month of 1-second bars, with the reason. */
  readonly ignored: readonly { readonly path: string; readonly reason: string }[];
}

// e.g. glbx-mdp3-20241001-20241031.ohlcv-1s.dbn.zst: dataset, first and last day (inclusive), schema
const NAME = /(?:^|\/)[^/]*?-(\d{4})(\d{2})(\d{2})-(\d{4})(\d{2})(\d{2})\.([a-z0-9-]+)\.dbn(?:\.zst)?$/;

/**
 * Lists what is there, at any depth, rather than guessing names. Two files for one month are an error that names
 * both, since nothing says which one is right; so is a folder under a month's name. A usage error when the source is
 * no folder.
 */
export async function discoverMonths(source: Storage): Promise<Discovery> {
  await checkFolders(source);
  const found = new Map<Month, RawMonth>();
  const ignored: { path: string; reason: string }[] = [];
  for await (const file of source.list('')) {
    if (!/\.dbn(\.zst)?$/.test(file.path)) continue;
    const read = readName(file);
    if ('reason' in read) {
      ignored.push(read);
      continue;
    }
    const other = found.get(read.month);
    if (other !== undefined) throw twoFiles(source, read.month, other.path, read.path);
    found.set(read.month, read);
  }
  const months = [...found.values()].sort((a, b) => (a.month < b.month ? -1 : 1));
  return { months, ignored };
}

/**
 * What a listing of files cannot show: a source that is missing or a file, and what is named like a month but is no
 * file.
 */
async function checkFolders(source: Storage): Promise<void> {
  const root = source.localPath('');
  if (root === undefined) return;
  const entries = await readdir(root, { recursive: true, withFileTypes: true }).catch((error: unknown) => {
    const code = systemCode(error);
    if (code === 'ENOENT') {
      throw usageError(
        `the source ${source.uri} does not exist`,
        'name the folder with --source, or make sample months with `barline sample months`',
      );
    }
    if (code === 'ENOTDIR') {
      throw usageError(
        `the source ${source.uri} is a file, not a folder`,
        'name the folder it lies in; --month takes just one month of it, `barline process` just one file',
      );
    }
    // the listing names what it cannot read
    return [];
  });
  for (const entry of entries) {
    if (entry.isFile() || !NAME.test(entry.name)) continue;
    const path = join(entry.parentPath, entry.name);
    const found = await kindOf(path);
    if (found === 'a file') continue;
    throw new BarlineError({
      code: 'MONTH_NOT_A_FILE',
      message: `${path}: expected a monthly file, found ${found}`,
      hint: 'put the file itself there, or give this another name',
      facts: { path, found },
    });
  }
}

async function kindOf(path: string): Promise<string> {
  try {
    const found = await stat(path);
    if (found.isDirectory()) return 'a folder';
    return found.isFile() ? 'a file' : 'neither a file nor a folder';
  } catch (error) {
    const code = systemCode(error);
    if (code === undefined) throw error;
    return code === 'ENOENT' ? 'a link that leads nowhere' : `what cannot be looked at (${code})`;
  }
}

function readName(file: FileEntry): RawMonth | { path: string; reason: string } {
  const { path } = file;
  const match = NAME.exec(path);
  if (match === null)
    return { path, reason: 'the name has no dates: expected …-YYYYMMDD-YYYYMMDD.ohlcv-1s.dbn[.zst]' };
  const [, year = '', month = '', , lastYear, lastMonth, , schema] = match;
  if (schema !== 'ohlcv-1s') return { path, reason: `schema ${schema}, expected ohlcv-1s` };
  if (Number(month) < 1 || Number(month) > 12) return { path, reason: `${month} is no month` };
  if (year !== lastYear || month !== lastMonth) {
    return { path, reason: 'the file covers more than one month' };
  }
  return { month: `${year}-${month}`, path, byteLength: file.byteLength, modifiedMs: file.modifiedMs };
}

function twoFiles(source: Storage, month: Month, one: string, other: string): BarlineError {
  const [first, second] = [one, other].sort();
  return new BarlineError({
    code: 'MONTH_TWO_FILES',
    message: `two files for ${month} in ${source.uri}: ${first} and ${second}`,
    hint: 'keep the one that is right, or point --source at a folder that holds just one',
    facts: { month, files: [first, second] },
  });
}
