import type { Month } from './month.ts';
import type { LastFront, LastFrontMessage } from './tasks.ts';

/** Who waits for a month's last front contract, and who has found it: months at work tell the month after. */
export class FrontOfMonths {
  readonly #known = new Map<Month, Promise<LastFront | null>>();
  readonly #resolvers = new Map<Month, (last: LastFront | null) => void>();

  /** The month is in this run, so its front will be found or the month will fail. */
  expect(month: Month): void {
    const { promise, resolve } = Promise.withResolvers<LastFront | null>();
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

  /** The front of a month of this run, or of one asked for with `find` before; `find` is called once a month. */
  of(month: Month, find: () => Promise<LastFront | null>): Promise<LastFront | null> {
    const known = this.#known.get(month);
    if (known !== undefined) return known;
    const found = find();
    this.#known.set(month, found);
    return found;
  }
}
