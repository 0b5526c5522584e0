import { constants, zstdCompressSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ByteCursor } from '../../src/dbn/byte-cursor.ts';
import { dbnMetadata, readBars, writeDbn } from '../../src/dbn/index.ts';
import { frameKindOf, ZstdFrameWalk } from '../../src/dbn/zstd-frame.ts';
import { decompressZstd } from '../../src/dbn/zstd-stream.ts';
import { arbitraryBars } from './arbitrary.ts';
import { ByteSink, cutAt } from './byte-sink.ts';

const content = fc.oneof(
  fc.uint8Array({ maxLength: 400 }),
  fc.tuple(fc.nat(255), fc.nat(400_000)).map(([byte, byteLength]) => new Uint8Array(byteLength).fill(byte)),
);
const compressed = fc.record({
  content,
  checksum: fc.nat(1),
  sizeFlag: fc.nat(1),
  level: fc.integer({ min: 1, max: 12 }),
});

function frameOf(one: { content: Uint8Array; checksum: number; sizeFlag: number; level: number }): Buffer {
  return zstdCompressSync(one.content, {
    params: {
      [constants.ZSTD_c_compressionLevel]: one.level,
      [constants.ZSTD_c_checksumFlag]: one.checksum,
      [constants.ZSTD_c_contentSizeFlag]: one.sizeFlag,
    },
  });
}

async function decompressed(bytes: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for await (const piece of decompressZstd(new ByteCursor(bytes), 'some.zst')) pieces.push(piece);
  return Buffer.concat(pieces);
}

describe('ZstdFrameWalk', () => {
  it('ends where the compressor ended, in one piece or in many', () => {
    fc.assert(
      fc.property(
        compressed,
        fc.uint8Array({ maxLength: 9 }),
        fc.integer({ min: 1, max: 40 }),
        (one, after, step) => {
          const frame = frameOf(one);
          const bytes = Buffer.concat([frame, after]);
          const atOnce = new ZstdFrameWalk();
          expect(atOnce.scan(bytes, 0)).toBe(frame.length);
          expect(atOnce.isWhole).toBe(true);
          expect(atOnce.contentByteLimit).toBeGreaterThanOrEqual(one.content.length);
          const inSteps = new ZstdFrameWalk();
          let at = 0;
          while (!inSteps.isWhole && at < frame.length) at += inSteps.scan(bytes.subarray(at, at + step), 0);
          expect(at).toBe(frame.length);
          const cut = new ZstdFrameWalk();
          cut.scan(frame.subarray(0, -1), 0);
          expect(cut.isWhole).toBe(false);
        },
      ),
    );
  });

  it('tells frames by their first bytes, even when only some are there', () => {
    expect(frameKindOf(Buffer.from('28b52ffd00', 'hex'))).toBe('zstd');
    expect(frameKindOf(Buffer.from('28b5', 'hex'))).toBe('zstd');
    expect(frameKindOf(Buffer.from('502a4d18', 'hex'))).toBe('skippable');
    expect(frameKindOf(Buffer.from('5f2a4d', 'hex'))).toBe('skippable');
    expect(frameKindOf(Buffer.from('602a4d18', 'hex'))).toBe('none');
    expect(frameKindOf(Buffer.from('DBN\x03'))).toBe('none');
  });
});

describe('decompressZstd', () => {
  it('gives the content of all frames, however they arrive', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(compressed, { maxLength: 6 }),
        fc.array(fc.nat(), { maxLength: 8 }),
        async (all, cuts) => {
          const bytes = Buffer.concat(all.map(frameOf));
          const expected = Buffer.concat(all.map((one) => one.content));
          expect((await decompressed(cutAt(bytes, cuts))).equals(expected)).toBe(true);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('holds little of a frame that unpacks to a lot', async () => {
    const bomb = zstdCompressSync(Buffer.alloc(300_000_000));
    expect(bomb.length).toBeLessThan(40_000);
    let byteLength = 0;
    let largest = 0;
    for await (const piece of decompressZstd(new ByteCursor([bomb]), 'bomb.zst')) {
      byteLength += piece.length;
      largest = Math.max(largest, piece.length);
    }
    expect(byteLength).toBe(300_000_000);
    expect(largest).toBeLessThanOrEqual(1024 * 1024);
  });

  it('names a window it will not allocate', async () => {
    const wide = Buffer.from('28b52ffd00a001000000', 'hex'); // window descriptor 0xa0: 2^30 bytes
    await expect(decompressed([wide])).rejects.toMatchObject({ code: 'DBN_CORRUPT_ZSTD' });
    await expect(decompressed([wide])).rejects.toThrow('128 MiB');
  });

  it('passes the error of its source on', async () => {
    async function* broken() {
      yield zstdCompressSync(Buffer.alloc(5000, 'abc')).subarray(0, 20);
      throw new Error('the network went away');
    }
    await expect(decompressed(broken())).rejects.toThrow('the network went away');
  });

  it('lets go of its source when the reader stops early', async () => {
    const words = new BigUint64Array(400_000);
    for (let i = 1; i < words.length; i++)
      words[i] = words[i - 1] * 6364136223846793005n + 1442695040888963407n;
    const noise = zstdCompressSync(new Uint8Array(words.buffer));
    let isClosed = false;
    async function* source() {
      try {
        for (let at = 0; at < noise.length; at += 10_000) yield noise.subarray(at, at + 10_000);
      } finally {
        isClosed = true;
      }
    }
    const cursor = new ByteCursor(source());
    for await (const piece of decompressZstd(cursor, 'early.zst')) {
      expect(piece.length).toBeGreaterThan(0);
      break;
    }
    await cursor.close();
    expect(isClosed).toBe(true);
  });
});

describe('the writer', () => {
  it('ends a frame once: no empty one follows', async () => {
    const metadata = dbnMetadata({ dataset: 'GLBX.MDP3', schema: 'ohlcv-1s', start: 0n });
    const [bars] = fc.sample(arbitraryBars(false), { seed: 4, numRuns: 1 });
    const sink = new ByteSink();
    await writeDbn(sink, metadata, [bars]);
    const walk = new ZstdFrameWalk();
    expect(walk.scan(sink.bytes(), 0)).toBe(sink.bytes().length);
    expect((await readBars(sink.bytes(), { rtypes: [32] })).counts.records).toBe(bars.rowCount);
  });
});
