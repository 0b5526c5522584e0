import { createHash } from 'node:crypto';
import { isStorageError, type Storage } from '../storage/index.ts';
import { LOG_FOLDER } from './paths.ts';
import { isRecord } from './schema.ts';

const PATH = `${LOG_FOLDER}_last_checkpoint`;

/** The hint by which readers find the newest checkpoint without listing the whole log. */
export interface LastCheckpoint {
  readonly version: number;
  /** Actions in it. */
  readonly size: number;
  readonly sizeInBytes?: number;
  readonly numOfAddFiles?: number;
  readonly v2Checkpoint?: Readonly<Record<string, unknown>>;
}

/** The version it names; undefined when it is missing or makes no sense, which costs a reader one LIST. */
export async function readLastCheckpoint(storage: Storage): Promise<number | undefined> {
  try {
    const parsed: unknown = JSON.parse(new TextDecoder().decode(await storage.read(PATH)));
    if (!isRecord(parsed) || typeof parsed.version !== 'number') return undefined;
    return Number.isSafeInteger(parsed.version) && parsed.version >= 0 ? parsed.version : undefined;
  } catch (error) {
    if (error instanceof SyntaxError || isStorageError(error, 'STORAGE_NOT_FOUND')) return undefined;
    throw error;
  }
}

/** Names the checkpoint, with a checksum of what is said, unless a newer one is named. */
export async function writeLastCheckpoint(storage: Storage, last: LastCheckpoint): Promise<void> {
  const named = await readLastCheckpoint(storage);
  if (named !== undefined && named > last.version) return;
  const text = JSON.stringify({ ...last, checksum: lastCheckpointChecksum({ ...last }) });
  await storage.put(PATH, new TextEncoder().encode(text));
}

/**
 * MD5 of the JSON in its canonical form, by the appendix "JSON checksum" of the Delta protocol: each leaf as
 * `"path"+"to"=value`, sorted by the bytes of the path, joined by commas; the key `checksum` does not count.
 */
export function lastCheckpointChecksum(json: Readonly<Record<string, unknown>>): string {
  const { checksum: _, ...counted } = json;
  const pairs = leaves(counted, '').sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  const canonical = pairs.map(([path, value]) => `${path}=${value}`).join(',');
  return createHash('md5').update(canonical).digest('hex');
}

function leaves(value: unknown, path: string): [path: string, value: string][] {
  const below = (name: string) => (path === '' ? name : `${path}+${name}`);
  if (Array.isArray(value)) return value.flatMap((item, i) => leaves(item, below(String(i))));
  if (isRecord(value)) {
    return Object.entries(value).flatMap(([name, item]) =>
      item === undefined ? [] : leaves(item, below(escaped(name))),
    );
  }
  return [[path, typeof value === 'string' ? escaped(value) : JSON.stringify(value)]];
}

function escaped(text: string): string {
  const encoded = encodeURIComponent(text).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  return `"${encoded}"`;
}
