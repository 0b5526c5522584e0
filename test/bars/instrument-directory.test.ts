import { describe, expect, it } from 'vitest';
import { DatedInstruments } from '../../src/bars/instrument-directory.ts';

describe('instruments of a date', () => {
  it('knows what was added and nothing else, also beyond what its table holds', () => {
    const symbols = { symbols: [], symbolIndex: () => -1, symbol: (id: number) => `S${id}` };
    const instruments = new DatedInstruments(symbols);
    const day = instruments.on(19_000);
    // ids that meet in few slots, and more than 2,048 of them
    const ids = Array.from({ length: 5000 }, (_, k) => (k * 4096 + (k % 7)) % 2 ** 32);
    for (const id of ids) {
      expect(day.indexOf(id)).toBe(-1);
      day.add(id);
    }
    expect(ids.map((id) => instruments.instruments[day.indexOf(id)])).toEqual(
      ids.map((id) => ({ id, symbol: `S${id}` })),
    );
    expect(instruments.on(19_000)).toBe(day);
    expect(instruments.on(19_001).indexOf(ids[0])).toBe(-1);
  });
});
