/**
 * Files under one root, on a local disk or in an object store. What no object store can do (rename, append,
 * folders) is not here. Paths are relative to the root, separated by `/`, and never percent-encoded.
 */
export interface Storage {
  /** The root, without a trailing slash: an absolute folder or e.g. `s3://bucket/prefix`. */
  readonly uri: string;
  /**
   * What the store can do. A disk knows; an object store is asked once for each root, by a probe that is removed
   * again. Fails as a write would: where nothing can be written there is no answer.
   */
  capabilities(): Promise<StorageCapabilities>;

  /** The whole file. `STORAGE_NOT_FOUND` when it is missing. */
  read(path: string): Promise<Uint8Array>;
  /** Bytes [start, end) of the file; fewer when the file ends before. */
  readRange(path: string, start: number, end: number): Promise<Uint8Array>;
  /** Files whose path begins with `prefix`, in the byte order of their paths. A missing folder has none. */
  list(prefix: string, options?: ListOptions): AsyncIterable<FileEntry>;
  /**
   * Names of the folders directly in the folder `prefix` names (empty, or ending with `/`), in byte order: what the
   * paths of files have there. A missing folder has none.
   */
  folders(prefix: string): Promise<string[]>;
  /** Size and time, or undefined when there is no such file. */
  stat(path: string): Promise<FileEntry | undefined>;

  /** Replaces the file or creates it; a reader sees the old bytes or the new ones, nothing between. Durable. */
  put(path: string, bytes: Uint8Array): Promise<void>;
  /**
   * Creates the file only if it is missing, atomically among all processes, and durably. False when it was
   * there already. An error leaves it open whether the file was created: read it to know.
   */
  putIfAbsent(path: string, bytes: Uint8Array): Promise<boolean>;
  /** Writes a new file from pieces; it appears whole or not at all. Durable. */
  write(path: string, pieces: Pieces): Promise<FileEntry>;
  /** True when the file was there. */
  delete(path: string): Promise<boolean>;

  /** Gives up writes that were begun before this time and never finished, where a store keeps parts of such; how many. */
  giveUpWrites?(begunBeforeMs: number): Promise<number>;

  /** Where programs on this machine open the file, or undefined when the store is elsewhere. */
  localPath(path: string): string | undefined;
}

export type Pieces = Iterable<Uint8Array> | AsyncIterable<Uint8Array>;

export interface FileEntry {
  readonly path: string;
  readonly byteLength: number;
  /** Milliseconds since the epoch, whole. */
  readonly modifiedMs: number;
}

export interface ListOptions {
  /** Only paths after this one; it need not exist. */
  readonly startAfter?: string;
  /** False: only files directly in the folder `prefix` names (which then ends with `/`). Default true. */
  readonly recursive?: boolean;
  /**
   * False when sizes and times are not needed: a disk is spared one call a file, and both come as 0.
   * Default true.
   */
  readonly details?: boolean;
}

export interface StorageCapabilities {
  /** `putIfAbsent` has exactly one winner among all processes and machines. Without it, one writer only. */
  readonly atomicPutIfAbsent: boolean;
  /** `list` and `read` see every finished write at once. */
  readonly consistentList: boolean;
}

/** Left-overs of a crash while writing begin so; every Delta reader skips names that begin with a dot. */
export const TEMPORARY_PREFIX = '.barline-tmp-';

/** True for the path of a file that a crashed writer left behind half-written. */
export function isTemporaryPath(path: string): boolean {
  return path.slice(path.lastIndexOf('/') + 1).startsWith(TEMPORARY_PREFIX);
}
