import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { openDbn, type SymbolMapping, symbolResolver, utcDayOf } from '../../src/dbn/index.ts';
import { arbitraryDate } from './arbitrary.ts';
import { goldenPath, hasGolden } from './golden-files.ts';

const ids = { stypeIn: 'raw_symbol', stypeOut: 'instrument_id' } as const;

function mapping(rawSymbol: string, ...intervals: [string, string, string][]): SymbolMapping {
  return {
    rawSymbol,
    intervals: intervals.map(([startDate, endDate, symbol]) => ({ startDate, endDate, symbol })),
  };
}

/** Walks all intervals in the order of the metadata; the first that fits has it. */
function naiveSymbol(mappings: readonly SymbolMapping[], id: number, date: string): string | null {
  for (const { rawSymbol, intervals } of mappings) {
    for (const { startDate, endDate, symbol } of intervals) {
      if (symbol === String(id) && startDate <= date && date < endDate) return rawSymbol;
    }
  }
  return null;
}

describe('symbolResolver', () => {
  it('gives an id its symbol by date, the end exclusive', () => {
    const resolver = symbolResolver({
      ...ids,
      mappings: [
        mapping('ESM4', ['2024-03-01', '2024-03-11', '5602'], ['2024-03-11', '2024-04-01', '5603']),
        mapping('ESH4', ['2024-03-01', '2024-03-16', '17077']),
        mapping('ESU4-ESZ4', ['2024-03-18', '2024-04-01', '17077']),
        mapping('ESZ9'),
      ],
    });
    expect(resolver.symbols).toEqual(['ESM4', 'ESH4', 'ESU4-ESZ4']);
    expect(resolver.symbol(5602, '2024-03-10')).toBe('ESM4');
    expect(resolver.symbol(5602, '2024-03-11')).toBeNull();
    expect(resolver.symbol(5603, '2024-03-11')).toBe('ESM4');
    expect(resolver.symbol(17077, '2024-03-15')).toBe('ESH4');
    expect(resolver.symbol(17077, '2024-03-16')).toBeNull();
    expect(resolver.symbol(17077, '2024-03-18')).toBe('ESU4-ESZ4');
    expect(resolver.symbol(17077, '2024-02-29')).toBeNull();
    expect(resolver.symbol(1, '2024-03-11')).toBeNull();
    expect(resolver.symbol(17077, 'yesterday')).toBeNull();
    expect(resolver.symbolIndex(17077, 19797)).toBe(1);
    expect(resolver.symbolIndex(17077, 19799)).toBe(-1);
  });

  it('agrees with a walk over all intervals', () => {
    const interval = fc.record({
      startDate: arbitraryDate,
      endDate: arbitraryDate,
      symbol: fc.constantFrom('1', '2', '3', '4294967295', '4294967296', '', 'ESH4', '-1'),
    });
    const mappings = fc.array(
      fc.record({
        rawSymbol: fc.constantFrom('A', 'B', 'C', 'D'),
        intervals: fc.array(interval, { maxLength: 6 }),
      }),
      { maxLength: 6 },
    );
    const questions = fc.array(fc.tuple(fc.constantFrom(1, 2, 3, 4294967295, 0), arbitraryDate), {
      maxLength: 50,
    });
    fc.assert(
      fc.property(mappings, questions, (all, asked) => {
        const resolver = symbolResolver({ ...ids, mappings: all });
        const edges = all.flatMap(({ intervals }) =>
          intervals.flatMap((one) => [one.startDate, one.endDate]),
        );
        const dates = [
          ...asked,
          ...edges.flatMap((date): [number, string][] => [
            [1, date],
            [2, date],
            [3, date],
          ]),
        ];
        for (const [id, date] of dates) {
          expect(resolver.symbol(id, date)).toBe(naiveSymbol(all, id, date));
          expect(resolver.symbol(id, utcDayOf(date) ?? Number.NaN)).toBe(naiveSymbol(all, id, date));
        }
      }),
    );
  });

  it('turns ids that stand on the left around, and knows none where there are none', () => {
    const mappings = [mapping('17077', ['2024-03-01', '2024-03-16', 'ESH4'])];
    const left = symbolResolver({ stypeIn: 'instrument_id', stypeOut: 'raw_symbol', mappings });
    expect(left.symbol(17077, '2024-03-01')).toBe('ESH4');
    const none = symbolResolver({ stypeIn: 'raw_symbol', stypeOut: 'isin', mappings });
    expect(none.symbol(17077, '2024-03-01')).toBeNull();
    expect(none.symbols).toEqual([]);
  });

  it.runIf(hasGolden)('resolves every bar of the golden mapping files', async () => {
    for (const version of [1, 2, 3]) {
      await using reader = await openDbn(goldenPath(`made/mappings.v${version}.ohlcv-1s.dbn`));
      const resolver = symbolResolver(reader.metadata);
      let asked = 0;
      for await (const bars of reader.batches()) {
        for (let row = 0; row < bars.rowCount; row++, asked++) {
          const date = new Date(Number(bars.tsEvent[row] / 1_000_000n)).toISOString().slice(0, 10);
          const expected = naiveSymbol(reader.metadata.mappings, bars.instrumentId[row], date);
          expect(resolver.symbol(bars.instrumentId[row], date)).toBe(expected);
        }
      }
      expect(asked).toBe(18);
    }
  });
});

describe('utcDayOf', () => {
  it('counts days since 1970 and refuses what is no date', () => {
    expect(utcDayOf('1970-01-01')).toBe(0);
    expect(utcDayOf('2024-02-29')).toBe(19782);
    for (const bad of ['2023-02-29', '2024-13-01', '2024-1-1', '20240101', '', '2024-01-01T00:00']) {
      expect(utcDayOf(bad), bad).toBeUndefined();
    }
  });
});
