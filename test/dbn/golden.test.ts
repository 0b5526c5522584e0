import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  concatBars,
  DbnError,
  type DbnReader,
  type DbnSource,
  openDbn,
  readBars,
} from '../../src/dbn/index.ts';
import { type GoldenCase, goldenCases, goldenContent, goldenPath, hasGolden } from './golden-files.ts';
import { barsAsObjects, metadataAsObject } from './plain-bars.ts';

type RowsCase = Extract<GoldenCase, { expect: 'rows' }>;
type ErrorCase = Extract<GoldenCase, { expect: 'error' }>;
const rowsCases = goldenCases.filter((golden): golden is RowsCase => golden.expect === 'rows');
const errorCases = goldenCases.filter((golden): golden is ErrorCase => golden.expect === 'error');

/** The file in pieces of a size that is prime, so that cuts fall everywhere. */
async function* pieces(file: string, byteLength: number): AsyncGenerator<Uint8Array> {
  const bytes = readFileSync(goldenPath(file));
  for (let at = 0; at < bytes.length; at += byteLength) yield bytes.subarray(at, at + byteLength);
}

const sources: [string, (file: string) => DbnSource][] = [
  ['a path', goldenPath],
  ['its bytes', (file) => readFileSync(goldenPath(file))],
  ['chunks of 13 bytes', (file) => pieces(file, 13)],
];

async function errorOf(work: () => Promise<unknown>): Promise<DbnError> {
  const error: unknown = await work().then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof DbnError) return error;
  throw new Error(`expected a DbnError, got ${String(error)}`);
}

async function readEveryBar(reader: DbnReader) {
  const batches = [];
  for await (const batch of reader.batches({ rtypes: [32, 33, 34, 35], batchRows: 7 })) batches.push(batch);
  return concatBars(batches);
}

describe.skipIf(!hasGolden)('golden DBN files', () => {
  it('are all in one of the two lists', () => {
    expect(rowsCases.length + errorCases.length).toBe(goldenCases.length);
    expect(rowsCases.length).toBeGreaterThan(90);
    expect(errorCases.length).toBeGreaterThan(50);
  });

  describe.each(sources)('read from %s', (_, sourceOf) => {
    it.each(rowsCases)('$file is read in full', async (golden) => {
      const reader = await openDbn(sourceOf(golden.file), { name: golden.file });
      expect(reader.metadataByteLength).toBe(golden.metadata_bytes);
      expect(reader.isCompressed).toBe(golden.compression === 'zstd');
      const bars = await readEveryBar(reader);
      const expected = golden.expected === undefined ? undefined : goldenContent(golden.expected);
      expect(metadataAsObject(reader.metadata)).toEqual(expected?.metadata ?? golden.metadata);
      expect(barsAsObjects(bars)).toEqual(expected?.bars ?? []);
      expect(reader.counts).toMatchObject({ records: golden.records, bars: golden.bars, isComplete: true });
      expect(reader.counts.byRtype).toEqual(golden.records_by_rtype);
    });

    it.each(rowsCases)('$file as bars of its own schema', async (golden) => {
      const source = sourceOf(golden.file);
      const asBars = golden.as_bars;
      if (asBars) {
        const error = await errorOf(() => readBars(source));
        expect(error.fault).toMatchObject({
          kind: asBars.error,
          at: asBars.at,
          offset: asBars.offset,
          found: asBars.found,
        });
        return;
      }
      const { bars, counts } = await readBars(source);
      const own = golden.schema === null ? golden.bars : (golden.rows ?? 0);
      expect(bars.rowCount).toBe(own);
      expect(counts).toMatchObject({ rows: own, skipped: golden.skipped ?? golden.records - own });
    });

    it.each(rowsCases)('$file can be counted', async (golden) => {
      await using reader = await openDbn(sourceOf(golden.file));
      const counts = await reader.countRecords();
      expect(counts).toEqual({
        records: golden.records,
        bars: golden.bars,
        rows: 0,
        skipped: golden.records,
        byRtype: golden.records_by_rtype,
        isComplete: true,
      });
    });

    it.each(errorCases)('$file is refused: $error', async (golden) => {
      const error = await errorOf(async () => {
        await using reader = await openDbn(sourceOf(golden.file), { name: golden.file });
        await readEveryBar(reader);
      });
      expect(error.message).toContain(golden.file);
      expect(error.code).toBe(`DBN_${golden.error.toUpperCase()}`);
      expect(error.hint).toBeTypeOf('string');
      const { fault } = error;
      expect(fault.kind).toBe(golden.error);
      expect(fault.at).toBe(golden.at);
      expect(error.facts).toMatchObject({ file: golden.file, kind: golden.error, at: golden.at });
      if (golden.offset !== null) expect(fault.offset).toBe(golden.offset);
      expect(fault.have).toBe(golden.have);
      expect(fault.need).toBe(golden.need);
      if (golden.found !== undefined) expect(fault.found).toBe(golden.found);
      if (golden.complete_records !== undefined) expect(fault.completeRecords).toBe(golden.complete_records);
    });
  });
});
