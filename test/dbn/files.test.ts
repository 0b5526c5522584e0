import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  allocateBars,
  dbnMetadata,
  encodeBars,
  encodeMetadata,
  openDbn,
  openDbnWriter,
  readBars,
  UNDEFINED_TIMESTAMP,
  writeDbn,
} from '../../src/dbn/index.ts';
import { ByteSink } from './byte-sink.ts';

const metadata = dbnMetadata({ dataset: 'GLBX.MDP3', schema: 'ohlcv-1s', start: 1n });

function someBars(rowCount: number, withTsOut = false) {
  const bars = allocateBars(rowCount, withTsOut);
  bars.rtype.fill(32);
  for (let row = 0; row < rowCount; row++) bars.close[row] = BigInt(row);
  return bars;
}

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'barline-dbn-'));
});
afterAll(async () => {
  await rm(folder, { recursive: true });
});

describe('files that cannot be opened', () => {
  it('are named with the reason', async () => {
    const missing = join(folder, 'none.dbn');
    await expect(openDbn(missing)).rejects.toMatchObject({
      code: 'DBN_FILE_NOT_FOUND',
      facts: { file: missing },
    });
    await expect(openDbn(missing)).rejects.toThrow(missing);
    await expect(openDbn(folder)).rejects.toMatchObject({ code: 'DBN_IS_DIRECTORY' });
    await expect(openDbn(join(folder, 'none', 'a.dbn'))).rejects.toMatchObject({
      code: 'DBN_FILE_NOT_FOUND',
    });
    await writeFile(join(folder, 'plain'), '');
    await expect(openDbn(join(folder, 'plain', 'a.dbn'))).rejects.toMatchObject({
      code: 'DBN_FILE_NOT_FOUND',
    });
  });

  it('are told apart by what they are: fragment, DBZ, something else', async () => {
    const fragment = Buffer.from(encodeBars(someBars(2), false));
    await expect(openDbn(fragment)).rejects.toThrow(/fragment: records without metadata/);
    await expect(openDbn(Buffer.from('PK\x03\x04 and more'))).rejects.toThrow(/no DBN/);
    await expect(openDbn(Buffer.from('%!PS'), { name: 'x.dbn.zst' })).rejects.toThrow(/neither zstd nor DBN/);
    const dbz = Buffer.concat([Buffer.from('502a4d1804000000', 'hex'), Buffer.from('DBZ\x01')]);
    await expect(openDbn(dbz)).rejects.toThrow(/legacy DBZ/);
  });
});

describe('a reader', () => {
  it('refuses another schema than the one asked for, and a second pass', async () => {
    const sink = new ByteSink();
    await writeDbn(sink, metadata, [someBars(3)]);
    await expect(openDbn(sink.bytes(), { schema: 'ohlcv-1m' })).rejects.toMatchObject({
      code: 'DBN_WRONG_SCHEMA',
      facts: { expected: 'ohlcv-1m', found: 'ohlcv-1s', at: 'metadata', offset: 24 },
    });
    await using reader = await openDbn(sink.bytes(), { schema: 'ohlcv-1s' });
    expect(reader.counts).toMatchObject({ records: 0, isComplete: false });
    expect((await reader.countRecords()).bars).toBe(3);
    expect(() => reader.batches()).toThrow(/read already/);
  });

  it('reads one schema out of a mixed file, or all of them', async () => {
    const bars = someBars(4);
    bars.rtype.set([32, 33, 33, 36]);
    const sink = new ByteSink();
    await writeDbn(sink, { ...metadata, schema: null }, [bars]);
    expect((await readBars(sink.bytes())).bars.rowCount).toBe(4);
    const minutes = await readBars(sink.bytes(), { schema: 'ohlcv-1m' });
    expect(minutes.counts).toEqual({
      records: 4,
      bars: 4,
      rows: 2,
      skipped: 2,
      byRtype: { 32: 1, 33: 2, 36: 1 },
      isComplete: true,
    });
  });

  it('refuses options that make no sense', async () => {
    await using reader = await openDbn(Buffer.from(encodeMetadata(metadata)));
    expect(() => reader.batches({ batchRows: 0 })).toThrow(/batchRows is 0/);
    expect(() => reader.batches({ rtypes: [32, 160] })).toThrow(/Record type 160/);
  });

  it('leaves a mark where a record lacks the ts_out its metadata promise', async () => {
    const head = Buffer.from(encodeMetadata({ ...metadata, tsOut: true }));
    const { bars } = await readBars(Buffer.concat([head, encodeBars(someBars(1), false)]));
    expect(bars.tsOut?.[0]).toBe(UNDEFINED_TIMESTAMP);
  });

  it('can be left in the middle of a file', async () => {
    const path = join(folder, 'left.dbn.zst');
    await writeDbn(path, metadata, [someBars(100_000)]);
    const reader = await openDbn(path);
    for await (const batch of reader.batches({ batchRows: 10 })) {
      expect(batch.rowCount).toBe(10);
      break;
    }
    await reader.close();
    expect(reader.counts.isComplete).toBe(false);
  });
});

describe('a writer', () => {
  it('gives the file its name only when all is written', async () => {
    const path = join(folder, 'commit.dbn.zst');
    const writer = await openDbnWriter(path, metadata, { recordsPerFrame: 2 });
    await writer.write(someBars(5));
    expect((await readdir(folder)).filter((name) => name.startsWith('commit'))).toEqual([
      'commit.dbn.zst.partial',
    ]);
    const written = await writer.close();
    expect(written).toMatchObject({ records: 5, decodedByteLength: 128 + 5 * 56 });
    expect((await readFile(path)).length).toBe(written.byteLength);
    expect((await readdir(folder)).filter((name) => name.startsWith('commit'))).toEqual(['commit.dbn.zst']);
    expect((await readBars(path)).bars.close).toEqual(BigInt64Array.of(0n, 1n, 2n, 3n, 4n));
    await expect(writer.write(someBars(1))).rejects.toThrow(/closed/);
    await expect(writer.close()).rejects.toThrow(/closed/);
  });

  it('leaves nothing behind when its batches fail', async () => {
    const path = join(folder, 'failed.dbn.zst');
    async function* failing() {
      yield someBars(2);
      throw new Error('no more bars');
    }
    await expect(writeDbn(path, metadata, failing())).rejects.toThrow('no more bars');
    expect((await readdir(folder)).filter((name) => name.startsWith('failed'))).toEqual([]);
  });

  it('leaves nothing behind when the name cannot be given', async () => {
    const path = join(folder, 'taken');
    const writer = await openDbnWriter(path, metadata);
    await import('node:fs/promises').then((fs) => fs.mkdir(path));
    await expect(writer.close()).rejects.toMatchObject({ code: 'DBN_IS_DIRECTORY' });
    expect((await readdir(folder)).filter((name) => name.startsWith('taken'))).toEqual(['taken']);
  });

  it.each(['zstd', 'none'] as const)('passes on the error of its sink (%s)', async (compression) => {
    let calls = 0;
    const full = {
      write(): void {
        if (++calls > 1) throw new Error('the disk is full');
      },
    };
    const batches = Array.from({ length: 40 }, (_, seed) => {
      const bars = someBars(20_000);
      for (let row = 0; row < bars.rowCount; row++)
        bars.open[row] = BigInt(row * 7919 + seed) * 0x9e3779b97f4a7c15n;
      return bars;
    });
    await expect(writeDbn(full, metadata, batches, { compression })).rejects.toThrow('the disk is full');
  });

  it('says which folder is missing', async () => {
    await expect(writeDbn(join(folder, 'no', 'x.dbn'), metadata, [])).rejects.toMatchObject({
      code: 'DBN_FILE_NOT_FOUND',
    });
  });

  it('refuses what DBN cannot hold', async () => {
    const sink = new ByteSink();
    const long = 'A'.repeat(22);
    const v1 = dbnMetadata({ ...metadata, version: 1, symbolCstrLen: 22 });
    expect(() => encodeMetadata({ ...v1, symbols: [long] })).toThrow(/22 characters; the field holds 21/);
    expect(() => encodeMetadata({ ...v1, symbolCstrLen: 71 })).toThrow(/symbols of 22 bytes/);
    expect(() => encodeMetadata({ ...metadata, symbols: ['É'] })).toThrow(/not ASCII/);
    const interval = { startDate: '2024-02-30', endDate: '2024-03-01', symbol: '1' };
    const mappings = [{ rawSymbol: 'A', intervals: [interval] }];
    expect(() => encodeMetadata({ ...metadata, mappings })).toThrow(/no date/);
    await expect(writeDbn(sink, { ...metadata, tsOut: true }, [someBars(1)])).rejects.toThrow(
      /no column tsOut/,
    );
    await expect(writeDbn(sink, metadata, [allocateBars(1, false)])).rejects.toThrow(/record type 0/);
    await expect(writeDbn(sink, metadata, [{ ...someBars(2), rowCount: 3 }])).rejects.toThrow(
      /a column of 2/,
    );
    await expect(writeDbn(sink, metadata, [], { level: 0 })).rejects.toThrow(/level is 0/);
    await expect(writeDbn(sink, metadata, [], { recordsPerFrame: 0 })).rejects.toThrow(
      /recordsPerFrame is 0/,
    );
    await expect(writeDbn(sink, metadata, [], { compression: 'none', recordsPerFrame: 1 })).rejects.toThrow(
      /no frames/,
    );
  });
});
