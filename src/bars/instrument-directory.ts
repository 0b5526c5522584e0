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

  /** Index of an id's instrument, -1 for an id that has not been added. */
  indexOf(id: number): number {
    const slot = this.#slotOf(id);
    return this.#ids[slot] === id ? this.#indexes[slot] : (this.#overflow.get(id) ?? -1);
  }

  add(id: number): void {
    const index = this.#directory.indexOf(id, this.#symbols.symbol(id, this.#utcDay));
    if (this.#used === SLOT_COUNT / 2) {
      this.#overflow.set(id, index);
      return;
    }
    const slot = this.#slotOf(id);
    this.#ids[slot] = id;
    this.#indexes[slot] = index;
    this.#used++;
  }

  /** The slot that holds an id, or the free one it would take. */
  #slotOf(id: number): number {
    let slot = Math.imul(id, 40_503) & (SLOT_COUNT - 1);
    while (this.#ids[slot] !== id && this.#ids[slot] >= 0) slot = (slot + 1) & (SLOT_COUNT - 1);
    return slot;
  }
}

/** Ids of a file's dates to instrument indexes, by the symbols its metadata give them. */
export class DatedInstruments {
  readonly #directory = new InstrumentDirectory();
  readonly #days = new Map<number, DayInstruments>();
  readonly #symbols: SymbolResolver;

  constructor(symbols: SymbolResolver) {
    this.#symbols = symbols;
  }

  /** Every instrument met so far. */
  get instruments(): readonly Instrument[] {
    return this.#directory.instruments;
  }

  on(utcDay: number): DayInstruments {
    let day = this.#days.get(utcDay);
    if (!day) {
      day = new DayInstruments(this.#directory, this.#symbols, utcDay);
      this.#days.set(utcDay, day);
    }
    return day;
  }
}
