import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { generateMonth } from '../../src/sample/index.ts';
import { collected, inSession, isSpread, type Row, rowsOf } from './month-rows.ts';

const months = fc
  .record({ year: fc.integer({ min: 2010, max: 2030 }), month: fc.integer({ min: 1, max: 12 }) })
  .map(({ year, month }) => `${year}-${String(month).padStart(2, '0')}`);

function volumeByContract(rows: readonly Row[]): Map<string, Map<string, number>> {
  const dates = new Map<string, Map<string, number>>();
  for (const { date, symbol, volume } of rows) {
    if (isSpread(symbol)) continue;
    const volumes = dates.get(date) ?? new Map<string, number>();
    volumes.set(symbol, (volumes.get(symbol) ?? 0) + volume);
    dates.set(date, volumes);
  }
  return dates;
}

/** The grid of a session made the naive way, hashed as the truth does. */
function gridSha256(rows: readonly Row[], seconds: number): string {
  const grid = new Int32Array(5 * seconds);
  const bars = new Map(rows.map((row) => [row.secondOfDay - 27_000, row]));
  let price = rows[0].open;
  for (let k = 0; k < seconds; k++) {
    const bar = bars.get(k);
    const values = bar ? [bar.open, bar.high, bar.low, bar.close] : [price, price, price, price];
    values.forEach((value, column) => {
      grid[column * seconds + k] = value / 250_000_000;
    });
    grid[4 * seconds + k] = bar?.volume ?? 0;
    price = bar?.close ?? price;
  }
  return createHash('sha256').update(grid).digest('hex');
}

describe('a month without faults', () => {
  it('has records in time order, on the tick grid, consistent, named, and inside the month', () => {
    fc.assert(
      fc.property(months, fc.maxSafeNat(), (month, seed) => {
        const { metadata, bars, truth } = collected(month, { seed, scale: 0.01 });
        const rows = rowsOf({ metadata, bars });
        expect(rows.length).toBe(truth.raw_records);
        const start = Number((metadata.start ?? 0n) / 1_000_000_000n);
        const end = Number((metadata.end ?? 0n) / 1_000_000_000n);
        let previous = start;
        const seen = new Set<string>();
        for (const row of rows) {
          const { open, high, low, close, symbol, volume } = row;
          const spread = isSpread(symbol);
          const tick = spread ? 50_000_000 : 250_000_000;
          const isFine =
            row.second >= previous &&
            row.second < end &&
            symbol !== '?' &&
            high >= Math.max(open, close) &&
            low <= Math.min(open, close) &&
            [open, high, low, close].every((price) => Number.isInteger(price / tick)) &&
            (spread || (low >= 500e9 && high <= 10_000e9)) &&
            volume >= 1;
          if (!isFine) expect.fail(`${month} seed ${seed}: ${JSON.stringify(row)}`);
          previous = row.second;
          seen.add(`${row.id} ${row.second}`);
        }
        expect(seen.size).toBe(rows.length);
        expect(truth.cleaning_counts).toEqual({});
        expect(truth.defects).toEqual([]);
        expect(truth.disorder).toEqual({ file: { descents: 0 }, session: { descents: 0 } });
      }),
      { numRuns: 8 },
    );
  });

  it('has the front contract by volume, session counts and grids the truth says', () => {
    fc.assert(
      fc.property(months, fc.maxSafeNat(), (month, seed) => {
        const { metadata, bars, truth } = collected(month, { seed });
        const rows = rowsOf({ metadata, bars });
        const fronts = [...volumeByContract(rows)].map(([date, volumes]) => {
          const [contract, volume] = [...volumes].sort((a, b) => b[1] - a[1])[0];
          return { date, contract, volume };
        });
        expect(truth.front_contract).toEqual(fronts);
        const frontOf = new Map(fronts.map(({ date, contract }) => [date, contract]));
        const front = rows.filter(({ date, symbol }) => frontOf.get(date) === symbol);
        expect(truth.front_records).toBe(front.length);
        expect(truth.session_records).toBe(truth.sessions.reduce((sum, s) => sum + s.real_rows, 0));
        for (const session of truth.sessions) {
          const inside = front.filter((row) => row.date === session.date && inSession(row));
          expect(inside.length).toBe(session.real_rows);
          expect(inside[0].secondOfDay - 27_000).toBe(session.leading_fill);
          expect(inside[0].symbol).toBe(session.front);
          const openSecond = Date.parse(session.open_utc) / 1000;
          expect(inside[0].second - session.leading_fill).toBe(openSecond);
          expect(Date.parse(session.close_utc) / 1000 - openSecond).toBe(session.expected_rows);
          expect(gridSha256(inside, session.expected_rows)).toBe(session.grid_sha256);
        }
      }),
      { numRuns: 5 },
    );
  });

  it('rolls once in March, June, September and December, and in no other month', () => {
    for (let month = 1; month <= 12; month++) {
      const { truth } = collected(`2024-${String(month).padStart(2, '0')}`, { scale: 0.004 });
      expect(truth.rolls.length).toBe(month % 3 === 0 ? 1 : 0);
      const contracts = [...new Set(truth.front_contract.map(({ contract }) => contract))];
      expect(contracts.length).toBe(month % 3 === 0 ? 2 : 1);
      expect(contracts[0]).toBe(truth.contract_before);
    }
  });

  it.each(['2024-02', '2024-05'])(
    '%s is about a million records at full scale, its sessions six parts in seven full',
    (month) => {
      const { truth } = collected(month, { scale: 1 });
      expect(truth.raw_records).toBeGreaterThan(990_000);
      expect(truth.raw_records).toBeLessThan(1_045_000);
      for (const session of truth.sessions) {
        expect(session.real_rows / session.expected_rows).toBeGreaterThan(0.78);
        expect(session.real_rows / session.expected_rows).toBeLessThan(0.97);
      }
    },
  );

  it('is busiest as the session opens and closes, thin at night, silent from 16:00 to 17:00', () => {
    const made = collected('2024-03', { scale: 0.1 });
    const rows = rowsOf(made);
    const front = new Map(made.truth.front_contract.map(({ date, contract }) => [date, contract]));
    const volumeOf = (from: number, to: number): number =>
      rows
        .filter((row) => row.symbol === front.get(row.date))
        .filter(({ secondOfDay: s }) => s >= from * 3600 && s < to * 3600)
        .reduce((sum, { volume }) => sum + volume, 0) /
      (to - from);
    expect(volumeOf(8.5, 9.5)).toBeGreaterThan(1.3 * volumeOf(11.5, 12.5));
    expect(volumeOf(14, 15)).toBeGreaterThan(1.3 * volumeOf(11.5, 12.5));
    expect(volumeOf(0, 2)).toBeLessThan(0.1 * volumeOf(11.5, 12.5));
    expect(volumeOf(16, 17)).toBe(0);
    expect(rows.filter(({ symbol }) => isSpread(symbol)).length / rows.length).toBeGreaterThan(0.03);
  });

  it.each([
    ['2024-03', '2024-03-08', '13:30', '2024-03-11', '12:30'],
    ['2024-11', '2024-11-01', '12:30', '2024-11-04', '13:30'],
  ])(
    '%s opens at the Chicago hour on both sides of the change of clocks',
    (month, before, was, after, is) => {
      const { truth } = collected(month, { scale: 0.01 });
      const open = (date: string): string | undefined =>
        truth.sessions.find((session) => session.date === date)?.open_utc;
      expect(open(before)).toBe(`${before}T${was}:00Z`);
      expect(open(after)).toBe(`${after}T${is}:00Z`);
    },
  );

  it('keeps holidays without a session and early closes short', () => {
    const { truth } = collected('2024-11', { scale: 0.01 });
    const rows = new Map(truth.sessions.map((session) => [session.date, session.expected_rows]));
    expect(rows.get('2024-11-27')).toBe(27_000);
    expect(rows.get('2024-11-28')).toBe(16_200);
    expect(rows.get('2024-11-29')).toBe(17_100);
    expect(collected('2024-12', { scale: 0.01 }).truth.sessions.map(({ date }) => date)).not.toContain(
      '2024-12-25',
    );
    expect(
      collected('2025-10', { scale: 0.01 }).truth.sessions.reduce((n, s) => n + s.expected_rows, 0),
    ).toBe(621_000);
  });

  it('joins the next month: prices go on within a fraction of a per cent', () => {
    const march = rowsOf(collected('2024-05')).filter(({ symbol }) => symbol === 'ESM4');
    const april = rowsOf(collected('2024-06')).filter(({ symbol }) => symbol === 'ESM4');
    const last = march.at(-1)?.close ?? 0;
    expect(Math.abs(april[0].open / last - 1)).toBeLessThan(0.015);
    expect(april[0].second).toBeGreaterThan(march.at(-1)?.second ?? 0);
  });
});

describe('generateMonth', () => {
  const bytes = (month: string, seed: number, defects = false): string => {
    const { bars, truth } = collected(month, { seed, scale: 0.01, defects });
    const hash = createHash('sha256').update(JSON.stringify(truth));
    for (const column of [
      bars.instrumentId,
      bars.tsEvent,
      bars.open,
      bars.high,
      bars.low,
      bars.close,
      bars.volume,
    ]) {
      hash.update(column);
    }
    return hash.digest('hex');
  };

  it('gives the same records for the same seed, and others for another', () => {
    fc.assert(
      fc.property(months, fc.maxSafeNat(), fc.boolean(), (month, seed, defects) => {
        const one = bytes(month, seed, defects);
        expect(bytes(month, seed, defects)).toBe(one);
        expect(bytes(month, seed === 0 ? 1 : seed - 1, defects)).not.toBe(one);
      }),
      { numRuns: 4 },
    );
  });

  it('tells the truth only when all is generated', () => {
    const request = { instrument: 'ES', month: '2024-02', seed: 1, scale: 0.001, defects: false };
    const { truth, batches } = generateMonth(request);
    expect(() => truth()).toThrow(/complete once/);
    let records = 0;
    for (const batch of batches) records += batch.rowCount;
    expect(truth().raw_records).toBe(records);
  });

  it('manages a scale at which whole nights are empty', () => {
    for (const defects of [false, true]) {
      const { truth, bars } = collected('2024-03', { scale: 0.000_05, defects });
      expect(truth.raw_records).toBe(bars.rowCount);
      expect(bars.rowCount).toBeGreaterThan(0);
    }
  });

  it.each([
    [{ month: '2009-12' }, /Month "2009-12" .* 2010-01 to 2030-12/],
    [{ month: '2031-01' }, /Month/],
    [{ month: '2024-13' }, /Month/],
    [{ scale: 0 }, /Scale 0 is out of range/],
    [{ scale: 1.5 }, /Scale 1.5/],
    [{ scale: Number.NaN }, /Scale NaN/],
    [{ seed: -1 }, /Seed -1/],
    [{ seed: 0.5 }, /Seed 0.5/],
    [{ instrument: 'NQ' }, /Instrument "NQ"/],
  ])('refuses %o', (part, message) => {
    const request = { instrument: 'ES', month: '2024-02', seed: 1, scale: 1, defects: false, ...part };
    expect(() => generateMonth(request)).toThrow(message);
    expect(() => generateMonth(request)).toThrow(expect.objectContaining({ code: 'USAGE', exitCode: 2 }));
  });
});
