import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { dbnMetadata, openDbn, symbolResolver, writeDbn } from '../../src/dbn/index.ts';
import {
  convertBars,
  fillOutputFile,
  outputFile,
  outputFormat,
  writeOutputFile,
} from '../../src/export/index.ts';
import { timestampText } from '../../src/export/timestamp-text.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'barline-test-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('an output', () => {
  test('is refused where it cannot be, before any work', async () => {
    writeFileSync(join(folder, 'there.csv'), 'old');
    mkdirSync(join(folder, 'folder.csv'));
    const refused: [string, string][] = [
      ['there.csv', 'OUTPUT_EXISTS'],
      ['folder.csv', 'OUTPUT_IS_FOLDER'],
      ['missing/a.csv', 'OUTPUT_NO_FOLDER'],
      ['there.csv/a.csv', 'OUTPUT_NO_FOLDER'],
      [`${'long'.repeat(100)}.csv`, 'OUTPUT_DENIED'],
    ];
    for (const [name, code] of refused) {
      await expect(outputFile(join(folder, name), { replace: false })).rejects.toMatchObject({
        code,
        exitCode: 1,
      });
    }
    expect((await outputFile(join(folder, 'there.csv'), { replace: true })).path).toBe(
      join(folder, 'there.csv'),
    );
  });

  test('keeps its old content when writing fails half-way', async () => {
    const path = join(folder, 'a.csv');
    writeFileSync(path, 'old');
    const output = await outputFile(path, { replace: true });
    const failing = async function* () {
      yield Buffer.from('new');
      throw new Error('half-way');
    };
    await expect(writeOutputFile(output, failing())).rejects.toThrow('half-way');
    const filling = fillOutputFile(output, async (temporary) => {
      writeFileSync(temporary, 'new');
      throw new Error('half-way');
    });
    await expect(filling).rejects.toThrow('half-way');
    expect(readFileSync(path, 'utf8')).toBe('old');
    expect(readdirSync(folder)).toEqual(['a.csv']);
  });

  test('gets its format from its name', () => {
    expect(outputFormat('a.PARQUET', ['parquet', 'csv'])).toBe('parquet');
    expect(outputFormat('a.jsonl', ['ndjson'])).toBe('ndjson');
    expect(outputFormat('a.dbn.zst', ['dbn.zst', 'dbn'])).toBe('dbn.zst');
    for (const name of ['a.txt', 'parquet', 'a.dbn']) {
      expect(() => outputFormat(name, ['parquet', 'csv'])).toThrow(expect.objectContaining({ exitCode: 2 }));
    }
  });
});

describe('conversion', () => {
  const metadata = dbnMetadata({ dataset: 'TEST', schema: 'ohlcv-1s', start: 0n });

  test('an aborted one leaves nothing behind', async () => {
    const rowCount = 200_000;
    const column = () => new BigInt64Array(rowCount);
    const source = join(folder, 'bars.dbn');
    await writeDbn(
      source,
      metadata,
      [
        {
          rowCount,
          rtype: new Uint8Array(rowCount).fill(32),
          publisherId: new Uint16Array(rowCount),
          instrumentId: new Uint32Array(rowCount),
          tsEvent: new BigUint64Array(rowCount),
          open: column(),
          high: column(),
          low: column(),
          close: column(),
          volume: new BigUint64Array(rowCount),
        },
      ],
      { compression: 'none' },
    );
    for (const format of ['csv', 'ndjson', 'dbn', 'dbn.zst'] as const) {
      const abort = new AbortController();
      await using reader = await openDbn(source);
      const target = await outputFile(join(folder, `out.${format}`), { replace: false });
      const onProgress = () => abort.abort();
      const options = { format, signal: abort.signal, onProgress };
      await expect(convertBars(reader, target, options)).rejects.toThrow(/abort/i);
      expect(reader.counts.rows).toBeLessThan(rowCount);
    }
    expect(readdirSync(folder)).toEqual(['bars.dbn']);
  });

  test('a symbol with a comma or a quote is quoted in CSV', async () => {
    const { csvRows } = await import('../../src/export/index.ts');
    const one = { rowCount: 1, timestamp: new BigUint64Array([1n]), publisherId: new Uint16Array(1) };
    const price = new Float64Array([Number.NaN]);
    const prices = { open: price, high: price, low: price, close: price };
    const ids = { instrumentId: new Uint32Array([7]), symbolIndex: new Int32Array([0]) };
    const text = csvRows(['A,"B"'])({ ...one, ...ids, ...prices, volume: new BigUint64Array([5n]) }, 0, 1);
    expect(text).toBe('1970-01-01T00:00:00.000000001Z,0,7,"A,""B""",,,,,5\n');
  });

  test('times are exact to the nanosecond', () => {
    const text = timestampText();
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 2n ** 64n - 2n }), (timeNs) => {
        const written = text(timeNs) ?? '';
        expect(written).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z$/);
        const seconds = BigInt(Date.parse(`${written.slice(0, 19)}Z`)) * 1_000_000n;
        expect(seconds + BigInt(written.slice(20, 29))).toBe(timeNs);
      }),
    );
    expect(text(2n ** 64n - 1n)).toBeNull();
  });

  test('a file without mappings has no symbols', () => {
    expect(symbolResolver(metadata).symbols).toEqual([]);
  });
});
