import { BarlineError } from '../../base/index.ts';
import type { Storage } from '../../storage/index.ts';

/** One thing that is wrong with a table. */
export interface Damage {
  /** `error`: a version cannot be read, or not rightly. `warning`: readers do without it. */
  readonly severity: 'error' | 'warning';
  /** That of the error which reading would give, where it gives one. */
  readonly code: string;
  /** As the storage names it. */
  readonly file: string;
  /** One sentence. */
  readonly message: string;
  /** What to do. */
  readonly hint: string;
}

/** Collects damages, each file's and code's once. */
export class DamageList {
  readonly #damages = new Map<string, Damage>();
  readonly #storage: Storage;

  constructor(storage: Storage) {
    this.#storage = storage;
  }

  add(damage: Damage): void {
    const key = `${damage.code}\n${damage.file}`;
    if (!this.#damages.has(key)) this.#damages.set(key, damage);
  }

  error(code: string, file: string, why: string, hint: string): void {
    this.add({ severity: 'error', code, file, message: `${this.#storage.uri}/${file} ${why}`, hint });
  }

  warning(code: string, file: string, why: string, hint: string): void {
    this.add({ severity: 'warning', code, file, message: `${this.#storage.uri}/${file} ${why}`, hint });
  }

  /** A failure of reading; what is no `BarlineError` is a bug and thrown on. */
  failed(error: unknown, file: string, hint: string): void {
    if (!(error instanceof BarlineError)) throw error;
    const { code, message } = error;
    this.add({ severity: 'error', code, file, message, hint: error.hint ?? hint });
  }

  /** Errors first, then by file. */
  all(): Damage[] {
    const rank = (damage: Damage) => (damage.severity === 'error' ? 0 : 1);
    return [...this.#damages.values()].sort(
      (a, b) => rank(a) - rank(b) || (a.file < b.file ? -1 : a.file > b.file ? 1 : 0),
    );
  }
}
