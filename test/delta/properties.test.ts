import { describe, expect, it } from 'vitest';
import { DeltaTable, field, struct } from '../../src/delta/index.ts';
import { MemoryStorage } from '../storage/memory-storage.ts';
import { BARS, dataFile, failure, MONTHLY, stillEnvironment } from './sample.ts';

const environment = stillEnvironment();
const create = (properties: Record<string, string> = {}) =>
  DeltaTable.create(new MemoryStorage(), { ...MONTHLY, properties }, { environment });
const protocolOf = async (table: DeltaTable) => (await table.refresh()).protocol;

describe('the protocol a property asks for', () => {
  it.each([
    [{}, { minReaderVersion: 1, minWriterVersion: 2 }],
    [
      { 'delta.appendOnly': 'true', owner: 'me' },
      { minReaderVersion: 1, minWriterVersion: 2 },
    ],
    [
      { 'delta.enableChangeDataFeed': 'true' },
      {
        minReaderVersion: 1,
        minWriterVersion: 7,
        writerFeatures: ['appendOnly', 'changeDataFeed', 'invariants'],
      },
    ],
    [
      { 'delta.enableInCommitTimestamps': 'true', 'delta.enableChangeDataFeed': 'false' },
      {
        minReaderVersion: 1,
        minWriterVersion: 7,
        writerFeatures: ['appendOnly', 'inCommitTimestamp', 'invariants'],
      },
    ],
    [
      { 'delta.enableDeletionVectors': 'true', 'delta.checkpointPolicy': 'v2' },
      {
        minReaderVersion: 3,
        minWriterVersion: 7,
        readerFeatures: ['deletionVectors', 'v2Checkpoint'],
        writerFeatures: ['appendOnly', 'deletionVectors', 'invariants', 'v2Checkpoint'],
      },
    ],
    [
      { 'delta.feature.domainMetadata': 'supported' },
      {
        minReaderVersion: 1,
        minWriterVersion: 7,
        writerFeatures: ['appendOnly', 'domainMetadata', 'invariants'],
      },
    ],
  ])('is the lowest, when the table is made and when it is changed: %j', async (properties, protocol) => {
    expect((await create(properties)).latest.protocol).toEqual(protocol);
    const changed = await create();
    await changed.setProperties(properties);
    expect(await protocolOf(changed)).toEqual(protocol);
    // and once more changes nothing
    await changed.setProperties(properties);
    expect(await protocolOf(changed)).toEqual(protocol);
  });

  it('is a legacy version where that stands for exactly the features', async () => {
    const table = await create();
    await table.addConstraint('positive', 'close > 0');
    expect(await protocolOf(table)).toEqual({ minReaderVersion: 1, minWriterVersion: 3 });
    await table.setProperties({ 'delta.columnMapping.mode': 'name' });
    expect(await protocolOf(table)).toEqual({
      minReaderVersion: 3,
      minWriterVersion: 7,
      readerFeatures: ['columnMapping'],
      writerFeatures: ['appendOnly', 'checkConstraints', 'columnMapping', 'invariants'],
    });
  });

  it('names all that a legacy version implied once features are listed', async () => {
    const storage = new MemoryStorage();
    await DeltaTable.create(storage, MONTHLY, { environment });
    const path = '_delta_log/00000000000000000000.json';
    const text = new TextDecoder().decode(await storage.read(path));
    const legacy = text
      .replace('"minWriterVersion":2', '"minWriterVersion":6')
      .replace('"minReaderVersion":1', '"minReaderVersion":2');
    await storage.put(path, new TextEncoder().encode(legacy));
    const table = await DeltaTable.open(storage, { environment });
    await table.setProperties({ 'delta.enableInCommitTimestamps': 'true' });
    expect(table.latest.protocol).toEqual({
      minReaderVersion: 3,
      minWriterVersion: 7,
      readerFeatures: ['columnMapping'],
      writerFeatures: [
        'appendOnly',
        'changeDataFeed',
        'checkConstraints',
        'columnMapping',
        'generatedColumns',
        'identityColumns',
        'inCommitTimestamp',
        'invariants',
      ],
    });
  });
});

describe('setting and unsetting', () => {
  it('keeps other properties, and records what was done', async () => {
    const table = await create({ owner: 'me' });
    await table.setProperties({ 'delta.logRetentionDuration': 'interval 2 weeks', note: 'x' });
    expect(table.latest.properties).toEqual({
      owner: 'me',
      note: 'x',
      'delta.logRetentionDuration': 'interval 2 weeks',
    });
    await table.unsetProperties(['note', 'never there']);
    expect(table.latest.properties).toEqual({
      owner: 'me',
      'delta.logRetentionDuration': 'interval 2 weeks',
    });
    expect((await table.history()).map((entry) => [entry.operation, entry.operationParameters])).toEqual([
      ['UNSET TBLPROPERTIES', { properties: '["note","never there"]', ifExists: true }],
      ['SET TBLPROPERTIES', { properties: '{"delta.logRetentionDuration":"interval 2 weeks","note":"x"}' }],
      ['CREATE TABLE', expect.anything()],
    ]);
  });

  it.each([
    [
      { 'delta.appendOnly': 'yes' },
      'DELTA_BAD_PROPERTY',
      /delta\.appendOnly is "yes"; expected true or false/,
    ],
    [{ 'delta.checkpointInterval': '0' }, 'DELTA_BAD_PROPERTY', /whole number from 1 on/],
    [{ 'delta.logRetentionDuration': '1 month' }, 'DELTA_BAD_PROPERTY', /interval 7 days/],
    [{ 'delta.isolationLevel': 'Snapshot' }, 'DELTA_BAD_PROPERTY', /Serializable or WriteSerializable/],
    [{ 'delta.columnMapping.mode': 'id' }, 'DELTA_BAD_PROPERTY', /from none to id/],
    [{ 'delta.enableRowTracking': 'true' }, 'DELTA_UNSUPPORTED_FEATURE', /rowTracking/],
    [{ 'delta.feature.clustering': 'supported' }, 'DELTA_UNSUPPORTED_FEATURE', /feature clustering/],
    [{ 'delta.feature.scribble': 'supported' }, 'DELTA_UNSUPPORTED_FEATURE', /feature scribble/],
    [{ 'delta.constraints.x': 'a > 0' }, 'DELTA_UNSUPPORTED_FEATURE', /constraints have their own call/],
    [{ 'delta.columnMapping.maxColumnId': '9' }, 'DELTA_UNSUPPORTED_FEATURE', /maxColumnId/],
    [{ 'delta.whatever': '1' }, 'DELTA_UNSUPPORTED_FEATURE', /delta\.whatever/],
  ])('refuses %j', async (properties, code, message) => {
    const table = await create();
    expect(await failure(table.setProperties(properties))).toMatchObject({
      code,
      message: expect.stringMatching(message),
    });
    expect((await table.refresh()).version).toBe(0);
  });

  it('keeps an append-only table from losing rows, and lets it grow', async () => {
    const table = await create();
    await table.append([await dataFile(table, '2024-10')]);
    await table.setProperties({ 'delta.appendOnly': 'true' });
    expect(await failure(table.replaceWhere({ month: '2024-10' }, []))).toMatchObject({
      code: 'DELTA_APPEND_ONLY',
    });
    expect(await table.append([await dataFile(table, '2024-11')])).toMatchObject({ version: 3 });
  });
});

describe('column mapping', () => {
  it('gives columns of a table with files ids, and their names as physical names', async () => {
    const table = await create();
    await table.append([await dataFile(table, '2024-10')]);
    await table.setProperties({ 'delta.columnMapping.mode': 'name' });
    expect(table.latest.properties).toEqual({
      'delta.columnMapping.mode': 'name',
      'delta.columnMapping.maxColumnId': '5',
    });
    expect(table.schema.fields.map((each) => each.metadata)).toEqual(
      BARS.fields.map((each, i) => ({
        'delta.columnMapping.id': i + 1,
        'delta.columnMapping.physicalName': each.name,
      })),
    );
    const found = await table.scan({ where: { month: '2024-10', close: { ge: 5 } } });
    expect([found.total, found.files.length]).toEqual([1, 1]);
    expect(await failure(table.unsetProperties(['delta.columnMapping.mode']))).toMatchObject({
      code: 'DELTA_BAD_PROPERTY',
    });
  });

  it('gives those of a new table names never used before, nested ones too', async () => {
    const inner = struct([field('x y', 'long')]);
    const schema = struct([
      field('a,b', { type: 'array', elementType: inner, containsNull: true }),
      field('b', 'long'),
    ]);
    const properties = { 'delta.columnMapping.mode': 'id' };
    const table = await DeltaTable.create(new MemoryStorage(), { schema, properties }, { environment });
    const text = JSON.stringify(table.schema);
    expect([...text.matchAll(/"delta\.columnMapping\.id":(\d)/g)].map((m) => m[1]).sort()).toEqual([
      '1',
      '2',
      '3',
    ]);
    expect(new Set(text.match(/col-[0-9a-f-]{36}/g)).size).toBe(3);
    expect(table.latest.properties['delta.columnMapping.maxColumnId']).toBe('3');
  });
});

describe('metadata domains', () => {
  it('are set, changed and removed; those of the system are not the user’s', async () => {
    const table = await create();
    await table.setDomainMetadata('app.settings', '{"a":1}');
    await table.setDomainMetadata('app.settings', '{"a":2}');
    await table.setDomainMetadata('app.other', 'x');
    expect(table.latest.protocol.writerFeatures).toContain('domainMetadata');
    await table.setDomainMetadata('app.other', null);
    const reopened = await DeltaTable.open(table.storage);
    expect([...reopened.latest.domainMetadata.values()]).toEqual([
      { domain: 'app.settings', configuration: '{"a":2}', removed: false },
    ]);
    expect(await failure(table.setDomainMetadata('delta.clustering', '{}'))).toMatchObject({
      code: 'DELTA_BAD_DOMAIN',
    });
    expect(await failure(table.setDomainMetadata('app.other', null))).toMatchObject({
      code: 'DELTA_BAD_DOMAIN',
      hint: 'it has app.settings',
    });
  });
});
