/** The disk under a lake: room, and how long a durable write takes. */
import { randomUUID } from 'node:crypto';
import { type FileHandle, open, rm, stat, statfs } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { formatByteLength, systemCode } from '../base/index.ts';
import { TEMPORARY_PREFIX } from '../storage/index.ts';
import { type Finding, fail, ok, warn } from './finding.ts';

/** 185 months of bars, labels and features take some 20 GB. */
const LOW_SPACE = 20e9;
const LEAST_SPACE = 1e9;
const SYNCS = 20;
const BLOCK = new Uint8Array(4096);
/** A commit is a few durable writes; above this they are felt. */
const SLOW_SYNC_MS = 50;

/** Room and writes at a local lake, or where it would be made. Leaves nothing behind. */
export async function checkDisk(folder: string): Promise<Finding[]> {
  const existing = await nearestFolder(folder);
  return [await checkSpace(existing), await checkSync(existing)];
}

async function nearestFolder(folder: string): Promise<string> {
  for (let path = folder; ; path = dirname(path)) {
    const found = await stat(path).catch(() => undefined);
    if (found?.isDirectory() === true || path === dirname(path)) return path;
  }
}

async function checkSpace(folder: string): Promise<Finding> {
  const { bavail, bsize } = await statfs(folder);
  const free = bavail * bsize;
  const detail = `${formatByteLength(free)} free at ${folder}`;
  if (free < LEAST_SPACE)
    return fail('disk space', detail, 'make room, or put the lake elsewhere with --lake');
  if (free >= LOW_SPACE) return ok('disk space', detail);
  return warn('disk space', detail, `a lake of 185 months takes about ${formatByteLength(LOW_SPACE)}`);
}

async function checkSync(folder: string): Promise<Finding> {
  const path = join(folder, `${TEMPORARY_PREFIX}doctor-${randomUUID()}`);
  let file: FileHandle | undefined;
  try {
    file = await open(path, 'wx');
    const times: number[] = [];
    for (let i = 0; i < SYNCS; i++) {
      const startedMs = performance.now();
      await file.write(BLOCK);
      await file.sync();
      times.push(performance.now() - startedMs);
    }
    times.sort((a, b) => a - b);
    const median = times[SYNCS >> 1] ?? 0;
    const detail = `a durable write takes ${median.toFixed(1)} ms (median of ${SYNCS})`;
    if (median < SLOW_SYNC_MS) return ok('disk writes', detail);
    return warn(
      'disk writes',
      detail,
      'a month is a dozen of them; a local disk is faster than one in the network',
    );
  } catch (error) {
    const code = systemCode(error);
    if (code === undefined) throw error;
    return fail(
      'disk writes',
      `${folder} cannot be written (${code})`,
      'name a lake you may write to with --lake',
    );
  } finally {
    await file?.close();
    await rm(path, { force: true });
  }
}
