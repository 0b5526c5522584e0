import type {
  Action,
  AddFile,
  DeletionVector,
  DomainMetadata,
  Metadata,
  Protocol,
  RemoveFile,
  SetTransaction,
} from './actions.ts';
import { pathKey } from './paths.ts';

/** What the log up to one version says. */
export interface TableState {
  readonly version: number;
  readonly protocol: Protocol | undefined;
  readonly metadata: Metadata | undefined;
  /** Active files by `fileKey`. */
  readonly files: ReadonlyMap<string, AddFile>;
  /** Files removed and not added again, by `fileKey`. */
  readonly tombstones: ReadonlyMap<string, RemoveFile>;
  readonly transactions: ReadonlyMap<string, SetTransaction>;
  readonly domains: ReadonlyMap<string, DomainMetadata>;
}

/** A logical file is its path and its deletion vector: the same data file with another vector is another file. */
export function fileKey(file: { readonly path: string; readonly deletionVector?: DeletionVector }): string {
  const path = pathKey(file.path);
  const vector = file.deletionVector;
  if (vector === undefined) return path;
  return `${path}\n${vector.storageType}${vector.pathOrInlineDv}@${vector.offset ?? ''}`;
}

/** Applies commits in order on top of a state (which stays as it was), or on nothing. O(1) an action. */
export class Replay {
  #version: number;
  #protocol: Protocol | undefined;
  #metadata: Metadata | undefined;
  readonly #files: Map<string, AddFile>;
  readonly #tombstones: Map<string, RemoveFile>;
  readonly #transactions: Map<string, SetTransaction>;
  readonly #domains: Map<string, DomainMetadata>;

  constructor(base?: TableState) {
    this.#version = base?.version ?? -1;
    this.#protocol = base?.protocol;
    this.#metadata = base?.metadata;
    this.#files = new Map(base?.files);
    this.#tombstones = new Map(base?.tombstones);
    this.#transactions = new Map(base?.transactions);
    this.#domains = new Map(base?.domains);
  }

  apply(version: number, actions: Iterable<Action>): void {
    for (const action of actions) this.#applyOne(action);
    this.#version = version;
  }

  /** Notes the version reached, which a checkpoint without any action does not tell. */
  reach(version: number): void {
    this.#version = version;
  }

  #applyOne(action: Action): void {
    if ('add' in action) {
      const key = fileKey(action.add);
      this.#files.set(key, action.add);
      this.#tombstones.delete(key);
    } else if ('remove' in action) {
      const key = fileKey(action.remove);
      this.#files.delete(key);
      this.#tombstones.set(key, action.remove);
    } else if ('txn' in action) this.#transactions.set(action.txn.appId, action.txn);
    else if ('metaData' in action) this.#metadata = action.metaData;
    else if ('protocol' in action) this.#protocol = action.protocol;
    else if ('domainMetadata' in action) {
      const domain = action.domainMetadata;
      if (domain.removed) this.#domains.delete(domain.domain);
      else this.#domains.set(domain.domain, domain);
    }
  }

  /** The state reached; the replay must not be used after it. */
  finish(): TableState {
    return {
      version: this.#version,
      protocol: this.#protocol,
      metadata: this.#metadata,
      files: this.#files,
      tombstones: this.#tombstones,
      transactions: this.#transactions,
      domains: this.#domains,
    };
  }
}
