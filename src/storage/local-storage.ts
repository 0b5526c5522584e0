import { randomUUID } from 'node:crypto';
import { type Dirent, statSync } from 'node:fs';
import {
  type FileHandle,
  link,
  mkdir,
  open,
  readdir,
  readFile,
  rename,
  stat,
  unlink,
} from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { BarlineError, systemCode } from '../base/index.ts';
import { byteOrder } from './byte-order.ts';
import {
  type FileEntry,
  type ListOptions,
  type Pieces,
  type Storage,
  type StorageCapabilities,
  TEMPORARY_PREFIX,
} from './storage.ts';
import { badPath, type StorageVerb, storageError } from './storage-error.ts';

/** A folder of a local file system. Folders are made as files need them. */
export class LocalStorage implements Storage {
  readonly uri: string;
  readonly #temporaryPrefix: string;

  /** `writer` goes into the names of temporary files, so that what a dead writer left can be told as its own. */
  constructor(folder: string, options: { readonly writer?: string } = {}) {
    this.uri = resolve(folder);
    this.#temporaryPrefix = TEMPORARY_PREFIX + (options.writer === undefined ? '' : `${options.writer}-`);
  }

  async capabilities(): Promise<StorageCapabilities> {
    return { atomicPutIfAbsent: true, consistentList: true };
  }

  localPath(path: string): string {
    if (path.includes('\0')) throw badPath(path, 'contains a NUL character');
    if (path.split('/').includes('..')) throw badPath(path, 'leaves its root folder by ".."');
    return join(this.uri, path);
  }

  read(path: string): Promise<Uint8Array> {
    const location = this.localPath(path);
    return named('read', location, () => readFile(location));
  }

  readRange(path: string, start: number, end: number): Promise<Uint8Array> {
    const location = this.localPath(path);
    return named('read', location, async () => {
      await using file = await open(location, 'r');
      const bytes = new Uint8Array(Math.max(0, end - start));
      let filled = 0;
      while (filled < bytes.length) {
        const { bytesRead } = await file.read(bytes, filled, bytes.length - filled, start + filled);
        if (bytesRead === 0) break;
        filled += bytesRead;
      }
      return bytes.subarray(0, filled);
    });
  }

  async *list(prefix: string, options: ListOptions = {}): AsyncIterable<FileEntry> {
    const folder = prefix.slice(0, prefix.lastIndexOf('/') + 1);
    const paths: string[] = [];
    await this.#collect(folder, prefix, options, paths);
    paths.sort(byteOrder);
    for (const path of paths) {
      if (options.details === false) yield { path, byteLength: 0, modifiedMs: 0 };
      else {
        const entry = this.#statNow(path);
        if (entry !== undefined) yield entry;
      }
    }
  }

  async #collect(folder: string, prefix: string, options: ListOptions, paths: string[]): Promise<void> {
    const location = this.localPath(folder);
    for (const entry of await readdirOrNone(location)) {
      const path = folder + entry.name;
      if (entry.isDirectory()) {
        // links to folders are not followed: they may lead out of the root, or in a circle
        const relevant = path.startsWith(prefix) || prefix.startsWith(`${path}/`);
        if (options.recursive !== false && relevant) await this.#collect(`${path}/`, prefix, options, paths);
      } else if (path.startsWith(prefix)) {
        if (options.startAfter === undefined || byteOrder(path, options.startAfter) > 0) paths.push(path);
      }
    }
  }

  /** Links to folders count; the folders of a lake may lie elsewhere. */
  async folders(prefix: string): Promise<string[]> {
    const location = this.localPath(prefix);
    const names: string[] = [];
    for (const entry of await readdirOrNone(location)) {
      if (entry.isDirectory() || (entry.isSymbolicLink() && (await isFolder(join(location, entry.name))))) {
        names.push(entry.name);
      }
    }
    return names.sort(byteOrder);
  }

  /** Synchronous: a promise a file makes listing ten times as slow. */
  #statNow(path: string): FileEntry | undefined {
    try {
      const found = statSync(this.localPath(path), { throwIfNoEntry: false });
      return found?.isFile()
        ? { path, byteLength: found.size, modifiedMs: Math.trunc(found.mtimeMs) }
        : undefined;
    } catch (error) {
      if (systemCode(error) === 'ELOOP') return undefined;
      throw storageError(error, 'list', this.localPath(path));
    }
  }

  async stat(path: string): Promise<FileEntry | undefined> {
    const location = this.localPath(path);
    try {
      const found = await stat(location);
      return found.isFile()
        ? { path, byteLength: found.size, modifiedMs: Math.trunc(found.mtimeMs) }
        : undefined;
    } catch (error) {
      if (systemCode(error) === 'ENOENT') return undefined;
      throw storageError(error, 'read', location);
    }
  }

  put(path: string, bytes: Uint8Array): Promise<void> {
    const location = this.localPath(path);
    return named('write', location, async () => {
      const temporary = await writeTemporary(location, [bytes], this.#temporaryPrefix);
      await moveTo(temporary, location);
      await syncFolder(dirname(location));
    });
  }

  putIfAbsent(path: string, bytes: Uint8Array): Promise<boolean> {
    const location = this.localPath(path);
    return named('create', location, async () => {
      const temporary = await writeTemporary(location, [bytes], this.#temporaryPrefix);
      // Commit point. Before the link a crash leaves a temporary file; after it, the whole file under its name.
      const created = await publish(temporary, () => linkIfAbsent(temporary, location));
      if (!created) return false;
      await syncFolder(dirname(location));
      return true;
    });
  }

  write(path: string, pieces: Pieces): Promise<FileEntry> {
    const location = this.localPath(path);
    return named('write', location, async () => {
      const temporary = await writeTemporary(location, pieces, this.#temporaryPrefix);
      await moveTo(temporary, location);
      await syncFolder(dirname(location));
      const { size, mtimeMs } = await stat(location);
      return { path, byteLength: size, modifiedMs: Math.trunc(mtimeMs) };
    });
  }

  async delete(path: string): Promise<boolean> {
    const location = this.localPath(path);
    try {
      await unlink(location);
      return true;
    } catch (error) {
      if (systemCode(error) === 'ENOENT') return false;
      throw storageError(error, 'delete', location);
    }
  }
}

async function readdirOrNone(location: string): Promise<Dirent[]> {
  try {
    return await readdir(location, { withFileTypes: true });
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return [];
    throw storageError(error, 'list', location);
  }
}

async function isFolder(location: string): Promise<boolean> {
  try {
    return (await stat(location)).isDirectory();
  } catch (error) {
    if (['ENOENT', 'ELOOP'].includes(systemCode(error) ?? '')) return false;
    throw storageError(error, 'list', location);
  }
}

async function named<T>(verb: StorageVerb, location: string, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    throw storageError(error, verb, location);
  }
}

/** Writes and fsyncs a temporary file in the folder of `location`, making the folder first; its path. */
async function writeTemporary(location: string, pieces: Pieces, prefix: string): Promise<string> {
  const folder = dirname(location);
  const temporary = join(folder, prefix + randomUUID());
  const file = await openNew(temporary, folder);
  try {
    await writePieces(file, pieces);
    await file.sync();
  } catch (error) {
    await file.close().catch(() => undefined);
    await unlink(temporary).catch(() => undefined);
    throw error;
  }
  await file.close();
  return temporary;
}

async function openNew(temporary: string, folder: string): Promise<FileHandle> {
  try {
    return await open(temporary, 'wx');
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw error;
    await makeFolder(folder);
    return open(temporary, 'wx');
  }
}

const GATHERED_BYTES = 2 ** 20;

/** Small pieces are written together: a call costs more than a copy. */
async function writePieces(file: FileHandle, pieces: Pieces): Promise<void> {
  let gathered: Uint8Array[] = [];
  let byteLength = 0;
  for await (const piece of pieces) {
    gathered.push(piece);
    byteLength += piece.length;
    if (byteLength < GATHERED_BYTES) continue;
    await writeGathered(file, gathered);
    gathered = [];
    byteLength = 0;
  }
  await writeGathered(file, gathered);
}

async function writeGathered(file: FileHandle, gathered: readonly Uint8Array[]): Promise<void> {
  const large = gathered.at(-1);
  // a piece as large as this is not worth a copy
  if (large !== undefined && large.length >= GATHERED_BYTES) {
    await writeAll(file, Buffer.concat(gathered.slice(0, -1)));
    await writeAll(file, large);
  } else await writeAll(file, Buffer.concat(gathered));
}

async function writeAll(file: FileHandle, piece: Uint8Array): Promise<void> {
  let written = 0;
  while (written < piece.length) {
    written += (await file.write(piece, written, piece.length - written)).bytesWritten;
  }
}

/** Gives a temporary file its name by renaming it; where that fails, the temporary file is gone. */
async function moveTo(temporary: string, location: string): Promise<void> {
  try {
    await rename(temporary, location);
  } catch (error) {
    await unlink(temporary).catch(() => undefined);
    throw error;
  }
}

/** Gives a temporary file its name by `step`; whatever happens, the temporary name is gone afterwards. */
async function publish<T>(temporary: string, step: () => Promise<T>): Promise<T> {
  try {
    return await step();
  } finally {
    await unlink(temporary).catch(() => undefined);
  }
}

async function linkIfAbsent(temporary: string, location: string): Promise<boolean> {
  try {
    await link(temporary, location);
    return true;
  } catch (error) {
    const code = systemCode(error);
    if (code === 'EEXIST') return false;
    if (code !== undefined && ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK'].includes(code)) {
      throw new BarlineError({
        code: 'STORAGE_NO_ATOMIC_CREATE',
        message: `cannot create ${location}: its file system has no hard links, so a commit there would not be atomic`,
        hint: 'keep the table on a file system with hard links (ext4, xfs, btrfs, apfs, ntfs)',
        cause: error,
        facts: { path: location, system: code },
      });
    }
    throw error;
  }
}

/** Makes a folder and those above it, and has each new name on disk. */
async function makeFolder(folder: string): Promise<void> {
  const first = await mkdir(folder, { recursive: true }).catch(async (error: unknown) => {
    if (systemCode(error) !== 'ENOENT') throw error;
    // what Node says on a read-only file system, too, of a folder with others to be made above it
    const first = await mkdir(await firstMissing(folder)).catch((refused: unknown) => refused);
    throw systemCode(first) === 'EROFS' ? first : error;
  });
  if (first === undefined) return;
  for (let made = folder; made.length >= first.length; made = dirname(made)) await syncFolder(dirname(made));
}

/** The topmost of a folder and those above it that is not there. */
async function firstMissing(folder: string): Promise<string> {
  const above = dirname(folder);
  if (above === folder) return folder;
  return (await stat(above).catch(() => undefined)) === undefined ? firstMissing(above) : folder;
}

async function syncFolder(folder: string): Promise<void> {
  await using handle = await open(folder, 'r');
  await handle.sync().catch((error: unknown) => {
    // Windows and some network file systems cannot sync a folder
    if (!['EINVAL', 'EPERM', 'EISDIR', 'ENOTSUP'].includes(systemCode(error) ?? '')) throw error;
  });
}
