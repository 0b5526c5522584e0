/** Work that several lanes take from one after another, and that may come back to be done later. */
export class MonthQueue<T> {
  readonly #ready: T[] = [];
  #open = 0;
  #working = 0;
  #isClosed = false;
  #changed = Promise.withResolvers<void>();

  add(item: T): void {
    this.#open++;
    this.comesBack(item);
  }

  /** The next piece of work, as soon as there is one; undefined when all is done or the queue is closed. */
  async next(choose: (ready: readonly T[]) => number = () => 0): Promise<T | undefined> {
    while (!this.#isClosed && this.#open > 0) {
      const [item] = this.#ready.length === 0 ? [] : this.#ready.splice(choose(this.#ready), 1);
      if (item !== undefined) {
        this.#working++;
        return item;
      }
      await this.#changed.promise;
    }
    return undefined;
  }

  /** A piece that was taken is done for good. */
  finished(): void {
    this.#working--;
    this.#open--;
    this.#notify();
  }

  /** A piece that was taken is laid aside: it is neither done nor ready. */
  laidAside(): void {
    this.#working--;
    this.#notify();
  }

  /** A piece that was laid aside can be taken again. */
  comesBack(item: T): void {
    this.#ready.push(item);
    this.#notify();
  }

  /** A piece that was laid aside is done for good. */
  settled(): void {
    this.#open--;
    this.#notify();
  }

  /** Nobody works, and nothing is ready. */
  get isIdle(): boolean {
    return this.#working === 0 && this.#ready.length === 0;
  }

  /** No more work is handed out. */
  close(): void {
    this.#isClosed = true;
    this.#notify();
  }

  #notify(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers<void>();
  }
}
