import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { databentoSymbol } from '../../src/providers/index.ts';
import { isForex, normaliseAsset, pairOf, withSeparator } from '../../src/providers/symbols.ts';

const QUOTES = ['USD', 'EUR', 'GBP', 'JPY', 'USDT', 'USDC', 'BTC', 'ETH', 'CHF'];
const bases = fc.stringMatching(/^[A-Z0-9]{2,6}$/);

describe('names of assets', () => {
  it('come back from every way of writing a pair', () => {
    fc.assert(
      fc.property(
        bases,
        fc.constantFrom(...QUOTES),
        fc.constantFrom('-', '/', '_', ''),
        (base, quote, separator) => {
          const asset = `${base}${quote}`;
          fc.pre(pairOf(asset)?.quote === quote);
          for (const text of [`${base}${separator}${quote}`, `${base}${separator}${quote}`.toLowerCase()]) {
            expect(normaliseAsset(text)).toBe(asset);
          }
          expect(pairOf(asset)).toEqual({ base, quote });
          for (const each of ['-', '/', '_']) expect(normaliseAsset(withSeparator(asset, each))).toBe(asset);
        },
      ),
    );
  });

  it('end with the longest quote currency there is', () => {
    const pairs = ['BTCUSDT', 'BTCUSD', 'ETHBTC', 'USDTUSD', 'USDCUSDT', 'EURUSD', 'DOGEUSDC', '1INCHUSD'];
    expect(pairs.map((asset) => withSeparator(asset, '/'))).toEqual([
      'BTC/USDT',
      'BTC/USD',
      'ETH/BTC',
      'USDT/USD',
      'USDC/USDT',
      'EUR/USD',
      'DOGE/USDC',
      '1INCH/USD',
    ]);
  });

  it('are shares or contracts where they are no pair', () => {
    for (const ticker of ['IBM', 'AAPL', 'ES', 'USD', 'BRK.B']) {
      expect(pairOf(ticker)).toBeUndefined();
      expect(withSeparator(ticker, '-')).toBe(ticker);
    }
    expect(
      ['EURUSD', 'BTCUSD', 'USDJPY'].map((asset) => isForex(pairOf(asset) ?? { base: '', quote: '' })),
    ).toEqual([true, false, true]);
    expect(() => normaliseAsset('')).toThrow('names no asset');
    expect(() => normaliseAsset('BTC$')).toThrow('names no asset');
  });

  it('are asked of Databento as continuous, parent or raw symbols', () => {
    const ask = (asset: string) => Object.values(databentoSymbol(asset, 'GLBX.MDP3'));
    expect(ask('ES')).toEqual(['ES.v.0', 'continuous']);
    expect(ask('ES.C.1')).toEqual(['ES.c.1', 'continuous']);
    expect(ask('ES.FUT')).toEqual(['ES.FUT', 'parent']);
    expect(ask('ESH4')).toEqual(['ESH4', 'raw_symbol']);
    expect(Object.values(databentoSymbol('IBM', 'XNAS.ITCH'))).toEqual(['IBM', 'raw_symbol']);
  });
});
