import { spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import {
  type BarBatch,
  type DbnMetadata,
  dbnMetadata,
  encodeBars,
  encodeMetadata,
  readBars,
  type WriteOptions,
  writeDbn,
} from '../../src/dbn/index.ts';
import { arbitraryBars, arbitraryMetadata } from '../dbn/arbitrary.ts';
import { barsAsObjects, metadataAsObject } from '../dbn/plain-bars.ts';

const peerSchema = z.strictObject({
  metadata: z.unknown(),
  bars: z.array(z.unknown()),
  left_over: z.number(),
  metadata_hex: z.string(),
  records_hex: z.string(),
});

/** What databento-dbn reads in the files. A missing peer is a failure, not a reason to skip. */
function readByPeer(paths: readonly string[]): z.infer<typeof peerSchema>[] {
  const script = join(import.meta.dirname, 'dbn_peer.py');
  const python = process.env.BARLINE_PYTHON ?? 'python3';
  const run = spawnSync(python, [script, ...paths], { encoding: 'utf8', maxBuffer: 256 * 1024 * 1024 });
  if (run.error || run.status !== 0)
    throw new Error(`databento-dbn failed: ${run.error?.message ?? run.stderr}`);
  return run.stdout
    .trim()
    .split('\n')
    .map((line) => peerSchema.parse(JSON.parse(line)));
}

interface Case {
  readonly metadata: DbnMetadata;
  readonly bars: BarBatch;
  readonly options: WriteOptions;
}

/** The library gives mappings as a dictionary without order, so each symbol may occur once. */
function withDistinctMappings(metadata: DbnMetadata): DbnMetadata {
  const bySymbol = new Map(metadata.mappings.map((mapping) => [mapping.rawSymbol, mapping]));
  return { ...metadata, mappings: [...bySymbol.values()] };
}

const arbitraryCase: fc.Arbitrary<Case> = arbitraryMetadata.map(withDistinctMappings).chain((metadata) =>
  fc.record({
    metadata: fc.constant(metadata),
    bars: arbitraryBars(metadata.tsOut, 60),
    options: fc.oneof(
      fc.constant({ compression: 'none' as const }),
      fc.record({
        compression: fc.constant('zstd' as const),
        checksum: fc.boolean(),
        level: fc.integer({ min: 1, max: 12 }),
        recordsPerFrame: fc.integer({ min: 1, max: 70 }),
      }),
    ),
  }),
);

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'barline-dbn-peer-'));
});
afterAll(async () => {
  await rm(folder, { recursive: true });
});

async function expectPeerToAgree(cases: readonly Case[]): Promise<void> {
  const paths: string[] = [];
  for (const [i, { metadata, bars, options }] of cases.entries()) {
    const path = join(folder, `${i}.dbn${options.compression === 'none' ? '' : '.zst'}`);
    await writeDbn(path, metadata, [bars], options);
    paths.push(path);
  }
  const read = readByPeer(paths);
  expect(read.length).toBe(cases.length);
  for (const [i, { metadata, bars }] of cases.entries()) {
    const expectedMetadata = metadataAsObject(metadata);
    expectedMetadata.mappings.sort((a, b) => (a.raw_symbol < b.raw_symbol ? -1 : 1));
    if (metadata.start === null) expectedMetadata.start = String(2n ** 64n - 1n);
    expect(read[i].metadata).toEqual(expectedMetadata);
    expect(read[i].bars).toEqual(barsAsObjects(bars));
    expect(read[i].left_over).toBe(0);
    expect(read[i].metadata_hex).toBe(Buffer.from(encodeMetadata(metadata)).toString('hex'));
    expect(read[i].records_hex).toBe(Buffer.from(encodeBars(bars, metadata.tsOut)).toString('hex'));
    const again = Buffer.from(read[i].metadata_hex + read[i].records_hex, 'hex');
    const ours = await readBars(again, { rtypes: [17, 32, 33, 34, 35, 36] });
    expect(ours.metadata).toEqual(metadata);
    expect(barsAsObjects(ours.bars)).toEqual(barsAsObjects(bars));
  }
}

describe('databento-dbn', () => {
  it('reads what Barline writes and writes what Barline writes, byte for byte', async () => {
    const cases = fc.sample(arbitraryCase, { seed: 20241001, numRuns: 300 });
    expect(new Set(cases.map((one) => one.metadata.version)).size).toBe(3);
    await expectPeerToAgree(cases);
  });

  it.each([1, 2, 3] as const)('agrees on a month of changing ids in version %i', async (version) => {
    const metadata = dbnMetadata({
      version,
      dataset: 'GLBX.MDP3',
      schema: 'ohlcv-1s',
      stypeIn: 'parent',
      start: 1_709_251_200_000_000_000n,
      end: 1_711_929_600_000_000_000n,
      symbols: ['ES.FUT'],
      partial: ['ESH4'],
      notFound: ['ESX4'],
      mappings: [
        {
          rawSymbol: 'ESH4',
          intervals: [{ startDate: '2024-03-01', endDate: '2024-03-16', symbol: '17077' }],
        },
        {
          rawSymbol: 'ESM4',
          intervals: [
            { startDate: '2024-03-01', endDate: '2024-03-11', symbol: '5602' },
            { startDate: '2024-03-11', endDate: '2024-04-01', symbol: '5603' },
          ],
        },
        {
          rawSymbol: 'ESU4-ESZ4',
          intervals: [{ startDate: '2024-03-18', endDate: '2024-04-01', symbol: '17077' }],
        },
        { rawSymbol: 'ESZ9', intervals: [] },
      ],
    });
    const [bars] = fc.sample(arbitraryBars(false, 5000), { seed: version, numRuns: 1 });
    await expectPeerToAgree([
      { metadata, bars, options: { compression: 'none' } },
      { metadata, bars, options: { recordsPerFrame: 100 } },
      { metadata, bars, options: {} },
    ]);
  });
});
