import type { Storage } from '../storage/index.ts';
import type { Action, AddFile, DeletionVector, RemoveFile } from './actions.ts';
import { vectorFile } from './deletion-vectors/deletion-vector.ts';
import { deltaError } from './delta-error.ts';
import { decodePath, isAbsolutePath, pathKey } from './paths.ts';

/** The files that parts of a log name, as the table's storage names them. */
export class ReferencedPaths {
  readonly #storage: Storage;
  readonly #paths = new Set<string>();
  /** Last parts of absolute paths that seem to lead elsewhere; by a link they may lead here all the same. */
  readonly #foreignNames = new Set<string>();

  constructor(storage: Storage) {
    this.#storage = storage;
  }

  has(path: string): boolean {
    return this.#paths.has(path) || this.#foreignNames.has(path.slice(path.lastIndexOf('/') + 1));
  }

  addActions(actions: Iterable<Action>): void {
    for (const action of actions) {
      if ('add' in action) this.addFile(action.add);
      else if ('remove' in action) this.addFile(action.remove);
      else if ('cdc' in action) this.#addPath(action.cdc.path);
    }
  }

  /** A data file and the file of its deletion vector. */
  addFile(file: Pick<AddFile | RemoveFile, 'path' | 'deletionVector'>): void {
    this.#addPath(file.path);
    const vector = file.deletionVector;
    if (vector === undefined || vector.storageType === 'i') return;
    if (vector.storageType === 'p') this.#addPath(vector.pathOrInlineDv);
    else this.#paths.add(this.#vectorPath(vector, file.path));
  }

  #vectorPath(vector: DeletionVector, dataFile: string): string {
    const file = vectorFile(this.#storage, vector);
    if (file !== undefined) return file.path;
    throw deltaError({
      code: 'DELTA_BAD_DELETION_VECTOR',
      message: `${this.#storage.uri}: the deletion vector ${vector.pathOrInlineDv} of ${dataFile} is of no known kind, so its file cannot be told`,
      hint: 'a newer Barline may know it',
      facts: { table: this.#storage.uri, path: dataFile, storageType: vector.storageType },
    });
  }

  #addPath(logPath: string): void {
    if (!isAbsolutePath(logPath)) {
      this.#paths.add(decodePath(logPath));
      return;
    }
    const key = pathKey(logPath).replace(/^s3[an]:/, 's3:');
    if (key.startsWith(`${this.#storage.uri}/`)) this.#paths.add(key.slice(this.#storage.uri.length + 1));
    else this.#foreignNames.add(key.slice(key.lastIndexOf('/') + 1));
  }
}
