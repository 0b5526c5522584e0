import { beforeEach, describe, expect, it } from 'vitest';
import { DeltaTable, field, struct } from '../../src/delta/index.ts';
import { MemoryStorage } from '../storage/memory-storage.ts';
import { BARS, dataFile, MONTHLY, stillEnvironment } from './sample.ts';

let storage: MemoryStorage;
const environment = stillEnvironment();
beforeEach(() => {
  storage = new MemoryStorage();
});

const create = () => DeltaTable.create(storage, MONTHLY, { environment });
const lines = async (version: number): Promise<unknown[]> =>
  new TextDecoder()
    .decode(await storage.read(`_delta_log/${String(version).padStart(20, '0')}.json`))
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));

describe('creating', () => {
  it('writes protocol and metadata as version 0', async () => {
    const table = await DeltaTable.create(
      storage,
      {
        ...MONTHLY,
        name: 'bars',
        description: 'one second',
        properties: { 'delta.appendOnly': 'false', owner: 'me' },
      },
      { environment },
    );
    expect(table.version).toBe(0);
    const [info, protocol, metaData] = await lines(0);
    expect(info).toMatchObject({ commitInfo: { operation: 'CREATE TABLE', engineInfo: 'barline/test' } });
    expect(protocol).toEqual({ protocol: { minReaderVersion: 1, minWriterVersion: 2 } });
    expect(metaData).toMatchObject({
      metaData: {
        name: 'bars',
        description: 'one second',
        format: { provider: 'parquet', options: {} },
        partitionColumns: ['month'],
        configuration: { 'delta.appendOnly': 'false', owner: 'me' },
        createdTime: 1_727_740_800_000,
      },
    });
    expect(table.schema).toEqual(BARS);
  });

  it('asks for the timestampNtz feature only where the schema has one', async () => {
    await DeltaTable.create(storage, { schema: struct([field('t', 'timestamp_ntz'), field('x', 'long')]) });
    expect((await lines(0))[1]).toEqual({
      protocol: {
        minReaderVersion: 3,
        minWriterVersion: 7,
        readerFeatures: ['timestampNtz'],
        writerFeatures: ['appendOnly', 'invariants', 'timestampNtz'],
      },
    });
  });

  it('refuses a second time, but openOrCreate opens', async () => {
    await create();
    await expect(create()).rejects.toMatchObject({ code: 'DELTA_TABLE_EXISTS' });
    expect((await DeltaTable.openOrCreate(storage, MONTHLY)).version).toBe(0);
  });

  it('has one creator of many, and all open the same table', async () => {
    const tables = await Promise.all(
      Array.from({ length: 6 }, () => DeltaTable.openOrCreate(storage, MONTHLY)),
    );
    const ids = await Promise.all(tables.map(async (table) => (await table.snapshot()).metadata.id));
    expect(new Set(ids).size).toBe(1);
  });

  it('openOrCreate names the column that differs', async () => {
    await create();
    const other = {
      schema: struct([field('timestamp', 'timestamp'), field('month', 'string')]),
      partitionBy: ['month'],
    };
    await expect(DeltaTable.openOrCreate(storage, other)).rejects.toMatchObject({
      code: 'DELTA_SCHEMA_MISMATCH',
      message: expect.stringContaining('column close was not expected'),
    });
    await expect(DeltaTable.openOrCreate(storage, { schema: BARS })).rejects.toMatchObject({
      message: expect.stringContaining('found (month)'),
    });
  });

  it.each([
    [struct([]), [], 'has no columns'],
    [struct([field('a', 'long'), field('A', 'long')]), [], 'column A is there twice'],
    [struct([field('a b', 'long')]), [], 'without column mapping'],
    [struct([field('a', 'long')]), ['b'], 'partition column b is not in the schema'],
    [struct([field('a', 'long')]), ['a'], 'every column is a partition column'],
    [
      struct([field('a', { type: 'array', elementType: 'long', containsNull: true }), field('b', 'long')]),
      ['a'],
      'primitive',
    ],
  ] as const)('refuses a schema that cannot be: %#', async (schema, partitionBy, says) => {
    await expect(DeltaTable.create(storage, { schema, partitionBy })).rejects.toThrow(says);
    expect(storage.files.size).toBe(0);
  });

  it('refuses properties behind which there is a feature it does not keep', async () => {
    const properties = { 'delta.enableRowTracking': 'true' };
    await expect(DeltaTable.create(storage, { ...MONTHLY, properties })).rejects.toMatchObject({
      code: 'DELTA_UNSUPPORTED_FEATURE',
      message: expect.stringMatching(/delta\.enableRowTracking .* rowTracking/),
    });
  });
});

describe('appending and replacing', () => {
  it('records what was done as Spark does', async () => {
    const table = await create();
    const file = await dataFile(table, '2024-10', 621);
    expect(await table.append([file])).toEqual({ version: 1, alreadyCommitted: false });
    expect((await lines(1))[0]).toMatchObject({
      commitInfo: {
        operation: 'WRITE',
        operationParameters: { mode: 'Append', partitionBy: '["month"]' },
        operationMetrics: { numFiles: '1', numOutputRows: '621', numOutputBytes: String(file.size) },
        readVersion: 0,
        isolationLevel: 'WriteSerializable',
        isBlindAppend: true,
        engineInfo: 'barline/test',
      },
    });
    const again = await dataFile(table, '2024-10', 600);
    await table.replaceWhere({ month: '2024-10' }, [again]);
    const [info, remove, add] = await lines(2);
    expect(info).toMatchObject({
      commitInfo: {
        operation: 'WRITE',
        operationParameters: { mode: 'Overwrite', predicate: "month = '2024-10'" },
        operationMetrics: { numRemovedFiles: '1', numRemovedBytes: String(file.size) },
        isBlindAppend: false,
      },
    });
    expect(remove).toMatchObject({
      remove: {
        path: file.path,
        dataChange: true,
        extendedFileMetadata: true,
        partitionValues: { month: '2024-10' },
        size: file.size,
        deletionTimestamp: 1_727_740_800_000,
      },
    });
    expect(add).toMatchObject({
      add: { path: again.path, partitionValues: { month: '2024-10' }, dataChange: true },
    });
  });

  it('replaces one month and leaves the others', async () => {
    const table = await create();
    const october = await dataFile(table, '2024-10');
    const november = await dataFile(table, '2024-11');
    await table.append([october, november, await dataFile(table, '2024-10')]);
    const next = await dataFile(table, '2024-10');
    await table.replaceWhere({ month: '2024-10' }, [next]);
    expect(new Set((await table.scan()).files.map((f) => f.path))).toEqual(
      new Set([november.path, next.path]),
    );
    const scan = await table.scan({ where: { month: '2024-10' } });
    expect(scan).toMatchObject({
      version: 2,
      total: 2,
      pruned: 1,
      prunedByPartition: 1,
      files: [{ path: next.path }],
    });
  });

  it('puts an earlier state of a month back without removing what stays', async () => {
    const table = await create();
    const first = await dataFile(table, '2024-10');
    const second = await dataFile(table, '2024-10');
    await table.append([first]);
    await table.append([second]);
    const before = await table.scan({ version: 1, where: { month: '2024-10' } });
    await table.replaceWhere({ month: '2024-10' }, before.files);
    const actions = await lines(3);
    expect(actions.slice(1)).toMatchObject([{ remove: { path: second.path } }]);
    expect((await table.scan()).files.map((f) => f.path)).toEqual([first.path]);
  });

  it('refuses a file of another month, of no month, or that is not there', async () => {
    const table = await create();
    const october = await dataFile(table, '2024-10');
    await expect(table.replaceWhere({ month: '2024-11' }, [october])).rejects.toThrow(
      /it lies in {"month":"2024-10"}/,
    );
    await expect(table.append([{ ...october, partitionValues: {} }])).rejects.toThrow(
      /expected partition values for month, found none/,
    );
    await expect(table.append([{ ...october, size: 999 }])).rejects.toThrow(
      /expected a file of 999 bytes, found/,
    );
    await expect(table.append([{ ...october, path: 'gone.parquet' }])).rejects.toThrow(/found none/);
    await expect(table.replaceWhere({ close: 1 }, [])).rejects.toThrow(/close is not a partition column/);
    expect((await table.refresh()).version).toBe(0);
  });

  it('keeps nulls out of a column that must have none', async () => {
    const schema = struct([field('x', 'long', { nullable: false }), field('y', 'long')]);
    const table = await DeltaTable.create(storage, { schema });
    const entry = await storage.write('a.parquet', [new Uint8Array(4)]);
    const statistics = { rowCount: 3, columns: { x: { nullCount: 2, min: 1, max: 1 }, y: { nullCount: 3 } } };
    await expect(table.append([table.addFile({ ...entry, statistics })])).rejects.toThrow(
      /x must not be null, and 2/,
    );
  });

  it('refuses to remove rows of an append-only table', async () => {
    const table = await DeltaTable.create(storage, {
      ...MONTHLY,
      properties: { 'delta.appendOnly': 'true' },
    });
    await table.append([await dataFile(table, '2024-10')]);
    await expect(table.replaceWhere({ month: '2024-10' }, [])).rejects.toMatchObject({
      code: 'DELTA_APPEND_ONLY',
    });
    await table.replaceWhere({ month: '2024-11' }, [await dataFile(table, '2024-11')]);
  });

  it('writes the same transaction once', async () => {
    const table = await create();
    const txn = { appId: 'month-2024-10', version: 7 };
    expect(await table.append([await dataFile(table, '2024-10')], { txn })).toMatchObject({
      alreadyCommitted: false,
    });
    expect(await table.append([await dataFile(table, '2024-10')], { txn })).toEqual({
      version: 1,
      alreadyCommitted: true,
    });
    const older = { appId: 'month-2024-10', version: 6 };
    expect(await table.append([], { txn: older })).toMatchObject({ alreadyCommitted: true });
    const other = await DeltaTable.open(storage);
    expect(await other.append([], { txn: { ...txn, version: 8 } })).toMatchObject({ version: 2 });
    expect((await other.snapshot()).transactions.get('month-2024-10')?.version).toBe(8);
    expect((await table.scan()).files).toHaveLength(1);
  });

  it('keeps fields of actions that it does not know', async () => {
    const table = await create();
    const file = { ...(await dataFile(table, '2024-10')), fromTheFuture: { a: 1 } };
    await table.append([file]);
    const reopened = await DeltaTable.open(storage);
    await reopened.replaceWhere({ month: '2024-10' }, []);
    expect((await lines(2))[1]).toMatchObject({ remove: { fromTheFuture: { a: 1 } } });
  });
});

describe('properties and schema', () => {
  it('change by a metadata action and are seen by others', async () => {
    const table = await create();
    const other = await DeltaTable.open(storage);
    const schema = struct([...BARS.fields, field('rsi', 'float')]);
    await table
      .transaction()
      .operation({ name: 'ADD COLUMNS' })
      .setMetadata({ schemaString: JSON.stringify(schema), configuration: { owner: 'you' } })
      .commit();
    await other.refresh();
    expect(other.schema.fields.at(-1)?.name).toBe('rsi');
    expect((await other.snapshot()).properties).toEqual({ owner: 'you' });
  });

  it.each([
    [struct(BARS.fields.slice(1)), 'column timestamp cannot be dropped'],
    [struct([...BARS.fields, field('x', 'long', { nullable: false })]), 'the new column x must be nullable'],
    [
      struct(BARS.fields.map((f) => (f.name === 'close' ? field('close', 'float') : f))),
      'close cannot change its type',
    ],
    [struct([...BARS.fields, field('x', 'timestamp_ntz')]), 'needs another protocol'],
  ])('refuse a change that older files would contradict: %#', async (schema, says) => {
    const table = await create();
    await expect(
      table
        .transaction()
        .setMetadata({ schemaString: JSON.stringify(schema) })
        .commit(),
    ).rejects.toThrow(says);
  });
});
