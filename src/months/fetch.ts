import type { Storage } from '../storage/index.ts';
import type { RawMonth } from './discovery.ts';
import type { SourceFile } from './tasks.ts';

/** A month's file as a thread is given it. */
export interface FetchedFile {
  readonly file: SourceFile;
  readonly seconds: number;
}

/** Whether files come over a network: then they are fetched while other months are at work. */
export function isRemote(source: Storage): boolean {
  return source.localPath('') === undefined;
}

/**
 * Brings a month's file to this machine, where it is not there already. Nothing lies on the disk in between, so that a
 * crash leaves nothing. The storage takes up broken downloads and holds the bytes to the store's checksum.
 */
export async function fetchFile(
  source: Storage,
  sourceUri: string,
  { path }: Pick<RawMonth, 'path'>,
  now: () => number,
): Promise<FetchedFile> {
  if (!isRemote(source)) return { file: { sourceUri, path, bytes: undefined }, seconds: 0 };
  const startedMs = now();
  const read = await source.read(path);
  const isOwn = read.buffer instanceof ArrayBuffer && read.byteLength === read.buffer.byteLength;
  const bytes = isOwn ? new Uint8Array(read.buffer) : new Uint8Array(read);
  return { file: { sourceUri, path, bytes }, seconds: (now() - startedMs) / 1000 };
}
