import type {
  FileEntry,
  ListOptions,
  Pieces,
  Storage,
  StorageCapabilities,
} from '../../src/storage/index.ts';

export type Verb = 'read' | 'list' | 'stat' | 'put' | 'putIfAbsent' | 'write' | 'delete';

export interface Fault {
  /** Before: nothing happened. After: it happened, and the answer was lost. */
  readonly when: 'before' | 'after';
  readonly error: Error;
}

/** Passes calls on to another storage and fails the ones a test chooses. */
export class FaultyStorage implements Storage {
  readonly calls: { readonly verb: Verb; readonly path: string }[] = [];
  readonly #inner: Storage;
  readonly #choose: (call: number, verb: Verb, path: string) => Fault | undefined;

  constructor(inner: Storage, choose: (call: number, verb: Verb, path: string) => Fault | undefined) {
    this.#inner = inner;
    this.#choose = choose;
  }

  get uri() {
    return this.#inner.uri;
  }

  capabilities(): Promise<StorageCapabilities> {
    return this.#inner.capabilities();
  }

  async #call<T>(verb: Verb, path: string, run: () => Promise<T>): Promise<T> {
    const fault = this.#choose(this.calls.length, verb, path);
    this.calls.push({ verb, path });
    if (fault?.when === 'before') throw fault.error;
    const result = await run();
    if (fault?.when === 'after') throw fault.error;
    return result;
  }

  read(path: string): Promise<Uint8Array> {
    return this.#call('read', path, () => this.#inner.read(path));
  }

  readRange(path: string, start: number, end: number): Promise<Uint8Array> {
    return this.#call('read', path, () => this.#inner.readRange(path, start, end));
  }

  async *list(prefix: string, options?: ListOptions): AsyncIterable<FileEntry> {
    await this.#call('list', prefix, async () => undefined);
    yield* this.#inner.list(prefix, options);
  }

  folders(prefix: string): Promise<string[]> {
    return this.#call('list', prefix, () => this.#inner.folders(prefix));
  }

  stat(path: string): Promise<FileEntry | undefined> {
    return this.#call('stat', path, () => this.#inner.stat(path));
  }

  put(path: string, bytes: Uint8Array): Promise<void> {
    return this.#call('put', path, () => this.#inner.put(path, bytes));
  }

  putIfAbsent(path: string, bytes: Uint8Array): Promise<boolean> {
    return this.#call('putIfAbsent', path, () => this.#inner.putIfAbsent(path, bytes));
  }

  write(path: string, pieces: Pieces): Promise<FileEntry> {
    return this.#call('write', path, () => this.#inner.write(path, pieces));
  }

  delete(path: string): Promise<boolean> {
    return this.#call('delete', path, () => this.#inner.delete(path));
  }

  localPath(path: string): string | undefined {
    return this.#inner.localPath(path);
  }
}
