import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { DeltaTable } from '../../src/delta/index.ts';
import { type GoldenCase, type GoldenMeta, goldenDelta, goldenIsThere, readJson } from './golden-tables.ts';

const ERRORS: Readonly<Record<string, string>> = {
  'no-schema': 'DELTA_NO_SCHEMA',
  'no-metadata': 'DELTA_NO_METADATA',
  'no-protocol': 'DELTA_NO_PROTOCOL',
  'unsupported-protocol-version': 'DELTA_UNSUPPORTED_PROTOCOL',
  'versions-not-contiguous': 'DELTA_VERSIONS_NOT_CONTIGUOUS',
};

const cases = goldenIsThere
  ? readJson<{ cases: GoldenCase[] }>(join(goldenDelta, 'manifest.json')).cases.filter(
      (c) => c.kind === 'delta' && c.read === 'snapshot',
    )
  : [];

async function load(golden: GoldenCase) {
  const table = await DeltaTable.open(join(goldenDelta, golden.table));
  return golden.version === null ? table.snapshot() : table.snapshot({ version: golden.version });
}

const byPath = (a: { path: string }, b: { path: string }) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0);

describe.skipIf(!goldenIsThere)('golden Delta tables: the snapshot', () => {
  it('are all there', () => expect(cases.length).toBeGreaterThan(200));

  it.each(cases.map((c) => [c.id, c] as const))('%s', async (_, golden) => {
    const code = golden.error === undefined ? undefined : ERRORS[golden.error];
    if (golden.meta === undefined) {
      await expect(load(golden)).rejects.toMatchObject({ code: code ?? 'no code is known for this kind' });
      return;
    }
    const meta = readJson<GoldenMeta>(join(goldenDelta, golden.meta));
    const snapshot = await load(golden);
    expect(snapshot.version).toBe(meta.version);
    expect(snapshot.protocol.minReaderVersion).toBe(meta.minReaderVersion);
    expect(snapshot.protocol.minWriterVersion).toBe(meta.minWriterVersion);
    expect(snapshot.partitionColumns).toEqual(meta.partitionColumns);
    expect(snapshot.properties).toEqual(meta.properties);
    expect(snapshot.metadata.schemaString ?? null).toBe(meta.schemaString);
    expect([...snapshot.transactions.values()].map((t) => [t.appId, t.version]).sort()).toEqual(
      [...meta.setTransactions].sort(),
    );
    expect([...snapshot.domainMetadata.keys()].sort()).toEqual(
      meta.domainMetadata.map((d) => d.domain).sort(),
    );
    const files = [...snapshot.files()].sort(byPath);
    expect(files.length).toBe(meta.numFiles);
    expect(files.reduce((sum, file) => sum + file.size, 0)).toBe(meta.sizeInBytes);
    expect(files.filter((file) => file.deletionVector !== undefined)).toHaveLength(
      meta.numFilesWithDeletionVector,
    );
    if (meta.files.length === meta.numFiles) {
      expect(files.map(({ path, size, partitionValues }) => ({ path, size, partitionValues }))).toEqual(
        [...meta.files]
          .sort(byPath)
          .map(({ path, size, partitionValues }) => ({ path, size, partitionValues })),
      );
    }
    if (code === 'DELTA_NO_SCHEMA') expect(() => snapshot.schema).toThrow(expect.objectContaining({ code }));
    else expect(snapshot.schema.fields.length).toBeGreaterThan(0);
  });

  it('refuses a folder without a log', async () => {
    await expect(DeltaTable.open(join(goldenDelta, 'tables/no-delta-log-folder'))).rejects.toMatchObject({
      code: 'DELTA_NO_TABLE',
      hint: 'it holds plain Parquet files, which are no table by themselves',
    });
  });
});
