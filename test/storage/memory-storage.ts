import { BarlineError } from '../../src/base/errors.ts';
import {
  byteOrder,
  type FileEntry,
  type ListOptions,
  type Pieces,
  type Storage,
} from '../../src/storage/index.ts';

/** A store that behaves as an object store does: no folders, no local paths. Time is a counter. */
export class MemoryStorage implements Storage {
  readonly uri = 'memory://table';
  readonly files = new Map<string, { bytes: Uint8Array; modifiedMs: number }>();
  clockMs = 1_700_000_000_000;

  async capabilities() {
    return { atomicPutIfAbsent: true, consistentList: true };
  }

  async read(path: string): Promise<Uint8Array> {
    const found = this.files.get(path);
    if (found !== undefined) return found.bytes;
    throw new BarlineError({
      code: 'STORAGE_NOT_FOUND',
      message: `cannot read ${path}: there is no such file`,
    });
  }

  async readRange(path: string, start: number, end: number): Promise<Uint8Array> {
    return (await this.read(path)).subarray(start, end);
  }

  async *list(prefix: string, options: ListOptions = {}): AsyncIterable<FileEntry> {
    for (const path of [...this.files.keys()].sort(byteOrder)) {
      if (!path.startsWith(prefix)) continue;
      if (options.startAfter !== undefined && byteOrder(path, options.startAfter) <= 0) continue;
      if (options.recursive === false && path.slice(prefix.length).includes('/')) continue;
      const entry = await this.stat(path);
      if (entry !== undefined) yield entry;
    }
  }

  async folders(prefix: string): Promise<string[]> {
    const names = new Set<string>();
    for (const path of this.files.keys()) {
      const [name = '', ...rest] = path.slice(prefix.length).split('/');
      if (path.startsWith(prefix) && rest.length > 0) names.add(name);
    }
    return [...names].sort(byteOrder);
  }

  async stat(path: string): Promise<FileEntry | undefined> {
    const found = this.files.get(path);
    return found && { path, byteLength: found.bytes.length, modifiedMs: found.modifiedMs };
  }

  async put(path: string, bytes: Uint8Array): Promise<void> {
    this.clockMs += 1;
    this.files.set(path, { bytes: bytes.slice(), modifiedMs: this.clockMs });
  }

  async putIfAbsent(path: string, bytes: Uint8Array): Promise<boolean> {
    if (this.files.has(path)) return false;
    await this.put(path, bytes);
    return true;
  }

  async write(path: string, pieces: Pieces): Promise<FileEntry> {
    const parts: Uint8Array[] = [];
    for await (const piece of pieces) parts.push(piece);
    await this.put(path, Buffer.concat(parts));
    return { path, byteLength: Buffer.concat(parts).length, modifiedMs: this.clockMs };
  }

  async delete(path: string): Promise<boolean> {
    return this.files.delete(path);
  }

  localPath(): undefined {
    return undefined;
  }
}
