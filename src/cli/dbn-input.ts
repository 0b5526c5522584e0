/** FILE of the dbn commands: a path, a URI, or `-` for stdin. */
import { basename, dirname } from 'node:path';
import type { DbnReader } from '../dbn/index.ts';

/** The FILE of the dbn commands. */
export const DBN_FILE: readonly [string, string] = ['<file>', 'a .dbn or .dbn.zst file; - is stdin'];

const READ_BYTES = 1 << 20;

/** Opens DBN for reading; errors name the file as the user did. */
export async function openDbnInput(file: string): Promise<DbnReader> {
  const { openDbn } = await import('../dbn/index.ts');
  if (file === '-') return openDbn(process.stdin, { name: 'stdin' });
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(file)) return openDbn(await storedChunks(file), { name: file });
  return openDbn(file);
}

/** A stored file's bytes, a megabyte at a time. */
export async function storedChunks(uri: string): Promise<AsyncIterable<Uint8Array>> {
  const { openStorage } = await import('../storage/index.ts');
  const storage = openStorage(dirname(uri));
  const path = decodeURIComponent(basename(uri));
  return (async function* () {
    for (let start = 0; ; start += READ_BYTES) {
      const bytes = await storage.readRange(path, start, start + READ_BYTES);
      if (bytes.length > 0) yield bytes;
      if (bytes.length < READ_BYTES) return;
    }
  })();
}
