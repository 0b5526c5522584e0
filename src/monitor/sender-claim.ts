import { livenessOf } from '../base/index.ts';
import { isTemporaryPath, type Storage } from '../storage/index.ts';
import type { Clock } from './clock.ts';
import { ALERTS_FOLDER } from './ledger.ts';

/** How often a sender looks whether one that came at the same moment has stepped back. */
const LOOKS = 10;
const LOOK_AGAIN_MS = 100;

export interface ClaimOptions {
  /** Differs between any two senders; begins with the mark of its process. */
  readonly token: string;
  /** A claim this old is a dead sender's. Ages are by the store's own clock. */
  readonly leaseMs: number;
  readonly clock: Clock;
}

/** The right to send to a sink, held by one process at a time; so nobody sends what another is just sending. */
export class SenderClaim {
  readonly #storage: Storage;
  readonly #folder: string;
  readonly #path: string;
  readonly #options: ClaimOptions;
  #renewedMs: number;

  private constructor(storage: Storage, sink: string, options: ClaimOptions) {
    this.#storage = storage;
    this.#folder = `${ALERTS_FOLDER}sending/${sink}/`;
    this.#path = this.#folder + options.token;
    this.#options = options;
    this.#renewedMs = options.clock.now();
  }

  /**
   * Undefined while another process sends. Each writes its own file and then looks for others', so that of two at
   * least one sees the other; of two that come at the same moment the one whose token sorts first stays.
   */
  static async take(storage: Storage, sink: string, options: ClaimOptions): Promise<SenderClaim | undefined> {
    const claim = new SenderClaim(storage, sink, options);
    await claim.#write();
    for (let look = 0; look < LOOKS; look++) {
      const others = await claim.#others();
      if (others.length === 0) return claim;
      if (others.some((path) => path < claim.#path)) break;
      await options.clock.sleep(LOOK_AGAIN_MS);
    }
    await claim.release();
    return undefined;
  }

  /** To be called before each message: a claim must not grow old while its sender lives. */
  async renew(): Promise<void> {
    const { clock, leaseMs } = this.#options;
    if (clock.now() - this.#renewedMs < leaseMs / 3) return;
    await this.#write();
    this.#renewedMs = clock.now();
  }

  async release(): Promise<void> {
    await this.#storage.delete(this.#path);
  }

  #write(): Promise<void> {
    return this.#storage.put(this.#path, new Uint8Array());
  }

  /** The claims of others that live; those of the dead are removed. */
  async #others(): Promise<string[]> {
    const entries: { path: string; modifiedMs: number }[] = [];
    for await (const entry of this.#storage.list(this.#folder)) {
      if (!isTemporaryPath(entry.path)) entries.push(entry);
    }
    const own = entries.find(({ path }) => path === this.#path);
    const others = entries.filter(({ path }) => path !== this.#path);
    // of a process of this machine it is known at once; without an own claim on the list there is no age to go by
    const isOver = ({ path, modifiedMs }: { path: string; modifiedMs: number }) =>
      livenessOf(path.slice(this.#folder.length)) === 'dead' ||
      (own !== undefined && own.modifiedMs - modifiedMs > this.#options.leaseMs);
    for (const { path } of others.filter(isOver)) await this.#storage.delete(path);
    return others.filter((entry) => !isOver(entry)).map(({ path }) => path);
  }
}
