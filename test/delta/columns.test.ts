import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type ColumnChange, DeltaTable, field, type StructType, struct } from '../../src/delta/index.ts';
import { MemoryStorage } from '../storage/memory-storage.ts';
import { dataFile, failure, MONTHLY, stillEnvironment } from './sample.ts';

const environment = stillEnvironment();
const create = (properties: Record<string, string> = {}) =>
  DeltaTable.create(new MemoryStorage(), { ...MONTHLY, properties }, { environment });
const names = ({ fields }: StructType) => fields.map((each) => each.name);
const NAMED = { columnMapping: true };

describe('changing columns', () => {
  it('adds them at the end, first, after another, and into a struct', async () => {
    const table = await create();
    const quote = struct([field('bid', 'double')]);
    await table.alterColumns([
      { add: field('quote', quote) },
      { add: field('id', 'long'), position: 'first' },
      { add: field('open', 'double'), position: { after: 'id' } },
    ]);
    await table.alterColumns([{ add: field('ask', 'double'), into: 'quote' }]);
    expect(names(table.schema)).toEqual([
      'id',
      'open',
      'timestamp',
      'close',
      'volume',
      'symbol',
      'month',
      'quote',
    ]);
    expect(table.schema.fields.at(-1)?.type).toMatchObject({ fields: [{ name: 'bid' }, { name: 'ask' }] });
    expect((await table.history({ limit: 1 }))[0]?.operation).toBe('ADD COLUMNS');
    expect(table.latest.protocol).toEqual({ minReaderVersion: 1, minWriterVersion: 2 });
  });

  it('renames and drops under column mapping: files and partition values keep their names', async () => {
    const table = await create();
    await table.append([await dataFile(table, '2024-10')]);
    expect(await failure(table.alterColumns([{ rename: 'close', to: 'last' }]))).toMatchObject({
      code: 'DELTA_BAD_COLUMN_CHANGE',
      message: expect.stringContaining('only under column mapping'),
    });
    await table.alterColumns([{ rename: 'month', to: 'period' }], NAMED);
    await table.alterColumns([{ rename: 'close', to: 'last price' }]);
    await table.alterColumns([{ drop: 'volume' }]);
    expect(names(table.schema)).toEqual(['timestamp', 'last price', 'symbol', 'period']);
    expect(table.partitionColumns).toEqual(['period']);
    const reopened = await DeltaTable.open(table.storage);
    expect((await reopened.scan({ where: { period: '2024-10' } })).files).toHaveLength(1);
    expect((await reopened.scan({ where: { period: '2024-11' } })).files).toHaveLength(0);
    expect((await reopened.scan({ where: { 'last price': { gt: 1000 } } })).pruned).toBe(1);
    expect((await table.history()).map((entry) => entry.operation)).toEqual([
      'DROP COLUMNS',
      'RENAME COLUMN',
      'RENAME COLUMN',
      'WRITE',
      'CREATE TABLE',
    ]);
  });

  it('never gives an id or a physical name twice', async () => {
    const table = await create({ 'delta.columnMapping.mode': 'name' });
    const seen = new Set<unknown>();
    for (let i = 0; i < 3; i++) {
      await table.alterColumns([{ add: field('extra', 'long') }]);
      const { metadata } = table.schema.fields.find((each) => each.name === 'extra') ?? field('none', 'void');
      for (const key of ['delta.columnMapping.id', 'delta.columnMapping.physicalName']) {
        expect(seen.has(metadata[key])).toBe(false);
        seen.add(metadata[key]);
      }
      await table.alterColumns([{ drop: 'extra' }]);
    }
    await table.restore({ version: 0 });
    await table.alterColumns([{ add: field('extra', 'long') }]);
    expect(table.schema.fields.at(-1)?.metadata['delta.columnMapping.id']).toBe(9);
  });

  it('widens types and records it, of elements and values too', async () => {
    const schema = struct([
      field('small', 'short'),
      field('list', { type: 'array', elementType: 'integer', containsNull: true }),
      field('price', 'decimal(10,2)'),
      field('day', 'date'),
    ]);
    const table = await DeltaTable.create(new MemoryStorage(), { schema }, { environment });
    expect(await failure(table.alterColumns([{ widen: 'small', to: 'long' }]))).toMatchObject({
      message: expect.stringContaining('delta.enableTypeWidening'),
    });
    await table.alterColumns(
      [
        { widen: 'small', to: 'integer' },
        { widen: 'small', to: 'long' },
        { widen: 'list.element', to: 'long' },
        { widen: 'price', to: 'decimal(12,4)' },
        { widen: 'day', to: 'timestamp_ntz' },
      ],
      { typeWidening: true },
    );
    const [small, list, price, day] = table.schema.fields;
    expect([small?.type, price?.type, day?.type]).toEqual(['long', 'decimal(12,4)', 'timestamp_ntz']);
    expect(list?.type).toMatchObject({ elementType: 'long' });
    expect(small?.metadata['delta.typeChanges']).toEqual([
      { fromType: 'short', toType: 'integer' },
      { fromType: 'integer', toType: 'long' },
    ]);
    expect(list?.metadata['delta.typeChanges']).toEqual([
      { fromType: 'integer', toType: 'long', fieldPath: 'element' },
    ]);
    expect(table.latest.protocol.readerFeatures).toEqual(['timestampNtz', 'typeWidening']);
    for (const to of ['integer', 'string', 'decimal(12,1)'] as const) {
      expect(await failure(table.alterColumns([{ widen: 'small', to }]))).toMatchObject({
        code: 'DELTA_BAD_COLUMN_CHANGE',
        message: expect.stringContaining(`long cannot become ${to}`),
      });
    }
  });

  it('comments, and changes what may be null after a look at the rows', async () => {
    const table = await create();
    await table.alterColumns([{ comment: 'close', text: 'last trade, points' }]);
    expect(table.schema.fields[1]?.metadata).toEqual({ comment: 'last trade, points' });
    await table.alterColumns([{ comment: 'close', text: null }]);
    expect(table.schema.fields[1]?.metadata).toEqual({});
    await table.append([await dataFile(table, '2024-10')]);
    const change = [{ column: 'close', nullable: false }];
    const asked: string[] = [];
    const found = (rowCount: number) => async (expression: string) => {
      asked.push(expression);
      return rowCount;
    };
    expect(await failure(table.alterColumns(change, { checkRows: found(2) }))).toMatchObject({
      message: expect.stringContaining('2 of its values are null'),
    });
    await table.alterColumns(change, { checkRows: found(0) });
    expect([asked, table.schema.fields[1]?.nullable]).toEqual([Array(2).fill('"close" IS NOT NULL'), false]);
  });

  it.each<[ColumnChange, RegExp]>([
    [{ add: field('CLOSE', 'long') }, /a column CLOSE already/],
    [{ add: field('must', 'long', { nullable: false }) }, /must be nullable/],
    [{ add: field('x', 'long'), into: 'nowhere' }, /no column nowhere\.x/],
    [{ rename: 'close', to: 'VOLUME' }, /a column VOLUME already/],
    [{ rename: 'nothing', to: 'x' }, /no column nothing/],
    [{ drop: 'month' }, /partition column/],
    [{ drop: 'volume' }, /the constraint traded names it: volume > 0/],
    [{ rename: 'volume', to: 'v' }, /the constraint traded names it/],
    [{ comment: 'close.inner', text: 'x' }, /no column close\.inner/],
  ])('refuses %j', async (change, message) => {
    const table = await create();
    await table.addConstraint('traded', 'volume > 0');
    expect(await failure(table.alterColumns([change], NAMED))).toMatchObject({
      code: 'DELTA_BAD_COLUMN_CHANGE',
      message: expect.stringMatching(message),
    });
    expect((await table.refresh()).version).toBe(1);
  });
});

describe('constraints', () => {
  it('are added when every row meets them, and dropped', async () => {
    const table = await create();
    await table.append([await dataFile(table, '2024-10')]);
    expect(await failure(table.addConstraint('c', 'close > 0', { checkRows: async () => 3 }))).toMatchObject({
      code: 'DELTA_CONSTRAINT_VIOLATED',
      facts: { rows: 3, expression: 'close > 0' },
    });
    await table.addConstraint('Positive', 'close > 0', { checkRows: async () => 0 });
    expect([...table.constraints]).toEqual([['positive', 'close > 0']]);
    expect(await failure(table.addConstraint('positive', 'close > 1'))).toMatchObject({
      message: expect.stringContaining('exists already: close > 0'),
    });
    // rows nobody has checked are not let in; checked ones are
    const file = await dataFile(table, '2024-10');
    expect(await failure(table.append([file]))).toMatchObject({
      code: 'DELTA_UNSUPPORTED_FEATURE',
      message: expect.stringContaining('delta.constraints.positive'),
    });
    expect(await table.transaction().add(file).rowsChecked().commit()).toMatchObject({ version: 3 });
    await table.dropConstraint('POSITIVE');
    expect(table.constraints.size).toBe(0);
    expect(await failure(table.dropConstraint('positive'))).toMatchObject({ code: 'DELTA_BAD_CONSTRAINT' });
    expect(await table.dropConstraint('positive', { ifExists: true })).toMatchObject({
      alreadyCommitted: true,
    });
  });

  it('are evaluated by DuckDB over the rows there are, where nobody else does', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'barline-constraint-'));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const schema = struct([field('close', 'double'), field('n', 'integer')]);
    const table = await DeltaTable.create(folder, {
      schema,
      properties: { 'delta.columnMapping.mode': 'none' },
    });
    const columns = {
      close: { values: Float64Array.of(1, 2, 3) },
      n: { values: Int32Array.of(1, 2, 3), validity: Uint8Array.of(1, 1, 0) },
    };
    await table.append([await table.writeDataFile(columns)]);
    const refused = async (expression: string) => failure(table.addConstraint('c', expression));
    // null is not true
    expect(await refused('n > 0')).toMatchObject({ code: 'DELTA_CONSTRAINT_VIOLATED', facts: { rows: 1 } });
    expect(await refused('close > 2')).toMatchObject({ facts: { rows: 2 } });
    expect(await refused('nothing > 2')).toMatchObject({ message: expect.stringContaining('nothing') });
    expect(await refused('true); DROP TABLE x; SELECT (1')).toMatchObject({
      code: expect.stringMatching(/^SQL_/),
    });
    await table.addConstraint('c', 'close > 0 AND (n IS NULL OR n < 3)');
    expect(await failure(table.alterColumns([{ column: 'n', nullable: false }]))).toMatchObject({
      message: expect.stringContaining('1 of its values are null'),
    });
    await table.alterColumns([{ column: 'close', nullable: false }]);
    expect(table.schema.fields.map((each) => each.nullable)).toEqual([false, true]);
  });

  it('give way to rows that came in while the old ones were read', async () => {
    const table = await create();
    const other = await DeltaTable.open(table.storage, { environment });
    await table.append([await dataFile(table, '2024-10')]);
    const checkRows = async () => {
      await other.append([await dataFile(other, '2024-11')]);
      return 0;
    };
    expect(await failure(table.addConstraint('c', 'close > 0', { checkRows }))).toMatchObject({
      kind: 'concurrent-append',
    });
  });
});

describe('a schema that grows with its rows', () => {
  const wider = struct([...MONTHLY.schema.fields, field('open', 'double', { nullable: false })]);

  it('only when asked to', async () => {
    const table = await create();
    const file = await dataFile(table, '2024-10');
    await table.append([file], { mergeSchema: wider });
    expect(table.schema.fields.at(-1)).toEqual(field('open', 'double'));
    expect(await table.append([await dataFile(table, '2024-10')], { mergeSchema: wider })).toMatchObject({
      version: 2,
    });
    const actions = new TextDecoder().decode(
      await table.storage.read('_delta_log/00000000000000000002.json'),
    );
    expect(actions).not.toContain('metaData');
  });

  it('refuses another type, unless it is wider and widening is on', async () => {
    const table = await create();
    const other = struct([field('volume', 'decimal(30,2)')]);
    const incoming = { mergeSchema: other };
    expect(await failure(table.append([], incoming))).toMatchObject({
      code: 'DELTA_SCHEMA_MISMATCH',
      message: expect.stringContaining('column volume: expected long, found decimal(30,2)'),
      hint: expect.stringContaining('delta.enableTypeWidening'),
    });
    await table.setProperties({ 'delta.enableTypeWidening': 'true' });
    await table.append([], incoming);
    expect(table.schema.fields[2]).toEqual(
      field('volume', 'decimal(30,2)', {
        metadata: { 'delta.typeChanges': [{ fromType: 'long', toType: 'decimal(30,2)' }] },
      }),
    );
    // narrower rows need no change
    await table.append([], { mergeSchema: MONTHLY.schema });
    expect(table.schema.fields[2]?.type).toBe('decimal(30,2)');
  });

  it('keeps the physical names that files were written with', async () => {
    const table = await create({ 'delta.columnMapping.mode': 'name' });
    const shape = table.shapeWith(wider);
    await table.append([], { mergeSchema: shape.schema });
    expect(table.schema).toEqual(shape.schema);
    // but not those of another table, nor one used before
    await table.alterColumns([{ drop: 'open' }]);
    await table.append([], { mergeSchema: shape.schema });
    expect(table.schema.fields.at(-1)?.metadata).not.toEqual(shape.schema.fields.at(-1)?.metadata);
  });
});
