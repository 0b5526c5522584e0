import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parquetReadObjects } from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type BarBatch, concatBars, type DbnReader, openDbn, symbolResolver } from '../../src/dbn/index.ts';
import { convertBars, type FileFormat, outputFile } from '../../src/export/index.ts';
import { DuckDbSession, quotePath } from '../../src/query/index.ts';
import { type GoldenBar, goldenCases, goldenContent, goldenPath, hasGolden } from '../dbn/golden-files.ts';

const LARGEST = 2n ** 63n - 1n;
const UNDEFINED_TIME = 2n ** 64n - 1n;

/** A golden bar as JSON lines must give it; numbers as their text, so that no digit is lost. */
function expectedLine(bar: GoldenBar, symbol: string | null): Record<string, string | null> {
  const time = BigInt(bar.ts_event);
  const price = (units: string) => (BigInt(units) === LARGEST ? 'null' : String(Number(`${units}e-9`)));
  return {
    timestamp: time === UNDEFINED_TIME ? null : isoNanos(time),
    publisher_id: String(bar.publisher_id),
    instrument_id: String(bar.instrument_id),
    symbol,
    open: price(bar.open),
    high: price(bar.high),
    low: price(bar.low),
    close: price(bar.close),
    volume: bar.volume,
  };
}

function isoNanos(timeNs: bigint): string {
  const ms = new Date(Number(timeNs / 1_000_000n)).toISOString().slice(0, 23);
  return `${ms}${String(timeNs % 1_000_000n).padStart(6, '0')}Z`;
}

async function barsOf(reader: DbnReader): Promise<BarBatch> {
  const batches: BarBatch[] = [];
  for await (const batch of reader.batches()) batches.push(batch);
  return concatBars(batches);
}

/** The timestamps of a Parquet file; DuckDB would cut them to microseconds. */
async function nanosOf(path: string): Promise<unknown[]> {
  const bytes = readFileSync(path);
  const file = {
    byteLength: bytes.length,
    slice: (start: number, end?: number) => new Uint8Array(bytes).slice(start, end).buffer,
  };
  const rows = await parquetReadObjects({
    file,
    columns: ['timestamp'],
    compressors,
    parsers: { timestampFromNanoseconds: (nanos: bigint) => nanos },
  });
  return rows.map((row): unknown => row.timestamp ?? null);
}

/** JSON with every number left as its text. */
function parseTexts(line: string): Record<string, string | null> {
  return JSON.parse(
    line.replace(/"(publisher_id|instrument_id|open|high|low|close|volume)":([^,}]+)/g, '"$1":"$2"'),
  );
}

const withRows = goldenCases.flatMap((each) =>
  each.expect === 'rows' && each.expected !== undefined && each.as_bars === undefined ? [each] : [],
);

describe.skipIf(!hasGolden)('golden DBN files converted', () => {
  let folder = '';
  let session: DuckDbSession;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'barline-test-'));
    session = await DuckDbSession.open({ memoryByteLength: 1e9, threads: 1, temporaryFolder: tmpdir() });
  });
  afterAll(() => {
    session?.[Symbol.dispose]();
    rmSync(folder, { recursive: true, force: true });
  });

  async function convert(file: string, format: FileFormat): Promise<string> {
    const target = await outputFile(join(folder, `converted.${format}`), { replace: true });
    await using reader = await openDbn(goldenPath(file));
    await convertBars(reader, target, { format });
    return target.path;
  }

  test.each(withRows.map((each) => [each.file, each] as const))('%s', async (file, each) => {
    const content = goldenContent(each.expected ?? '');
    await using reader = await openDbn(goldenPath(file));
    const resolver = symbolResolver(reader.metadata);
    const rtypes = each.schema === null ? [32, 33, 34, 35, 36] : [content.bars[0]?.rtype ?? 32];
    const bars = content.bars.filter((bar) => rtypes.includes(bar.rtype));
    const expected = bars.map((bar) => {
      const time = BigInt(bar.ts_event);
      const day = Number(time / 86_400_000_000_000n);
      return expectedLine(bar, time === UNDEFINED_TIME ? null : resolver.symbol(bar.instrument_id, day));
    });

    const ndjson = readFileSync(await convert(file, 'ndjson'), 'utf8');
    expect(ndjson.split('\n').slice(0, -1).map(parseTexts)).toEqual(expected);

    const [header, ...lines] = readFileSync(await convert(file, 'csv'), 'utf8')
      .split('\n')
      .slice(0, -1);
    expect(header).toBe('timestamp,publisher_id,instrument_id,symbol,open,high,low,close,volume');
    expect(lines).toEqual(
      expected.map((row) =>
        Object.values(row)
          .map((value) => (value === null || value === 'null' ? '' : value))
          .join(','),
      ),
    );

    const parquet = await convert(file, 'parquet');
    const rows: (string | null)[][] = [];
    const columns = `publisher_id::VARCHAR, instrument_id::VARCHAR, symbol, open::VARCHAR, high::VARCHAR, low::VARCHAR, close::VARCHAR, volume::VARCHAR`;
    for await (const some of session.textRows(`SELECT ${columns} FROM read_parquet(${quotePath(parquet)})`)) {
      rows.push(...some);
    }
    expect(
      rows.map((row) =>
        row.map((cell, i) => (i >= 3 && i < 7 && cell !== null ? String(Number(cell)) : cell)),
      ),
    ).toEqual(
      expected.map((row, i) => {
        const inRange = (text: string) => (BigInt(text) > LARGEST ? null : text);
        const price = (text: string | null) => (text === 'null' ? null : text);
        const { publisher_id, instrument_id, symbol, open, high, low, close } = row;
        const ids = [publisher_id, instrument_id, symbol];
        return [...ids, price(open), price(high), price(low), price(close), inRange(bars[i].volume)];
      }),
    );
    const times = await nanosOf(parquet);
    expect(times).toEqual(bars.map((bar) => (BigInt(bar.ts_event) > LARGEST ? null : BigInt(bar.ts_event))));
  });

  test.each(['dbn', 'dbn.zst'] as const)('as %s the bars come back', async (format) => {
    const file = 'made/mappings.v2.ohlcv-1s.dbn';
    await using before = await openDbn(goldenPath(file));
    await using after = await openDbn(await convert(file, format));
    expect(after.metadata).toEqual(before.metadata);
    const [a, b] = await Promise.all([before, after].map((reader) => barsOf(reader)));
    expect(b).toEqual(a);
  });

  const broken = goldenCases.filter((each) => each.expect === 'error' || each.as_bars !== undefined);
  test.each(broken.map((each) => [each.file]))('broken %s leaves nothing behind', async (file) => {
    const before = readdirSync(folder);
    for (const format of ['parquet', 'csv', 'dbn.zst'] as const) {
      const path = join(folder, `broken.${format}`);
      const target = await outputFile(path, { replace: false });
      const converting = (async () => {
        await using reader = await openDbn(goldenPath(file));
        await convertBars(reader, target, { format });
      })();
      await expect(converting).rejects.toMatchObject({ name: 'DbnError' });
      expect(existsSync(path)).toBe(false);
    }
    expect(readdirSync(folder)).toEqual(before);
  });
});
