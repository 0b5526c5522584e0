import type { Month } from './month.ts';
import type { LastFront, LastFrontMessage } from './tasks.ts';

/** The month is not, or not now, made by this run: whoever wants its front looks for it elsewhere. */
const NOT_HERE = Symbol('not made here');

type Front = LastFront | null | typeof NOT_HERE;

/** Who waits for a month's last front contract, and who has found it: months at work tell the month after. */
export class FrontOfMonths {
  readonly #known = new Map<Month, Promise<Front>>();
  readonly #resolvers = new Map<Month, (last: Front) => void>();

  /** The month is at work, so its front will be found, or the month will fail or be laid aside. */
  expect(month: Month): void {
    const { promise, resolve } = Promise.withResolvers<Front>();
    this.#known.set(month, promise);
    this.#resolvers.set(month, resolve);
  }

  found({ month, last }: LastFrontMessage): void {
    this.#resolvers.get(month)?.(last);
  }

  /** Its file could not be read: for the month after it is as if it were not there. */
  failed(month: Month): void {
    this.#resolvers.get(month)?.(null);
  }

  /** It is another run's, or waits to be tried again. */
  laidAside(month: Month): void {
    this.#resolvers.get(month)?.(NOT_HERE);
  }

  /** The front of a month at work, or of one asked for with `find` before; a `find` that failed is asked again. */
  async of(month: Month, find: () => Promise<LastFront | null>): Promise<LastFront | null> {
    const known = this.#known.get(month);
    const front = known === undefined ? NOT_HERE : await known;
    if (front !== NOT_HERE) return front;
    // another month may have asked meanwhile
    const newer = this.#known.get(month);
    if (newer !== undefined && newer !== known) return this.of(month, find);
    const found = find();
    this.#known.set(month, found);
    this.#resolvers.delete(month);
    found.catch(() => {
      if (this.#known.get(month) === found) this.#known.delete(month);
    });
    return found;
  }
}
