/** Distinct instruments of a source, numbered as they come. */
import { BarlineError } from '../base/index.ts';
import type { SymbolResolver } from '../dbn/index.ts';
import type { Instrument } from './columns.ts';

/** A `Bars.instrument` column is 16 bits wide. */
export const MAX_INSTRUMENTS = 65_536;

/** Instruments by id and symbol. */
export class InstrumentDirectory {
  readonly instruments: Instrument[] = [];
  readonly #places = new Map<string, number>();
  #last = -1;

  /** Index of an instrument, a new one the first time. Throws TOO_MANY_INSTRUMENTS beyond 65,536. */
  indexOf(id: number, symbol: string | null): number {
    const last = this.instruments[this.#last];
    if (last?.id === id && last.symbol === symbol) return this.#last;
    const key = `${id} ${symbol ?? ''}`;
    const known = this.#places.get(key);
    if (known !== undefined) {
      this.#last = known;
      return known;
    }
    if (this.instruments.length === MAX_INSTRUMENTS) {
      throw new BarlineError({
        code: 'TOO_MANY_INSTRUMENTS',
        message: `The input holds more than ${MAX_INSTRUMENTS} instruments.`,
        hint: 'Take fewer symbols or a shorter time per file.',
      });
    }
    const index = this.instruments.push({ id, symbol }) - 1;
    this.#places.set(key, index);
    this.#last = index;
    return index;
  }
}

const SLOT_COUNT = 4096;

/**
 * Ids of one UTC date to instrument indexes: open addressing for the first 2,048 ids, a map beyond. About 3 ns a
 * look-up.
 */
export class DayInstruments {
  readonly #directory: InstrumentDirectory;
  readonly #symbols: SymbolResolver;
  readonly #utcDay: number;
  readonly #ids = new Float64Array(SLOT_COUNT).fill(-1);
  readonly #indexes = new Int32Array(SLOT_COUNT);
  readonly #overflow = new Map<number, number>();
  #used = 0;

  constructor(directory: InstrumentDirectory, symbols: SymbolResolver, utcDay: number) {
    this.#directory = directory;
    this.#symbols = symbols;
    this.#utcDay = utcDay;
  }

  indexOf(id: number): number {
    let slot = Math.imul(id, 40_503) & (SLOT_COUNT - 1);
    for (;;) {
      const found = this.#ids[slot];
      if (found === id) return this.#indexes[slot];
      if (found < 0) return this.#add(id, slot);
      slot = (slot + 1) & (SLOT_COUNT - 1);
    }
  }

  #add(id: number, slot: number): number {
    const known = this.#overflow.get(id);
    if (known !== undefined) return known;
    const index = this.#directory.indexOf(id, this.#symbols.symbol(id, this.#utcDay));
    if (this.#used < SLOT_COUNT / 2) {
      this.#ids[slot] = id;
      this.#indexes[slot] = index;
      this.#used++;
    } else this.#overflow.set(id, index);
    return index;
  }
}
