import { beforeEach, describe, expect, it } from 'vitest';
import { DeltaTable } from '../../src/delta/index.ts';
import { MemoryStorage } from '../storage/memory-storage.ts';
import { dataFile, MONTHLY } from './sample.ts';

let storage: MemoryStorage;
let table: DeltaTable;
beforeEach(async () => {
  storage = new MemoryStorage();
  table = await DeltaTable.create(storage, MONTHLY);
  for (const month of ['2024-10', '2024-11']) await table.append([await dataFile(table, month)]);
});

const commit = (version: number) => `_delta_log/${String(version).padStart(20, '0')}.json`;
const text = async (version: number) => new TextDecoder().decode(await storage.read(commit(version)));
const rewrite = (version: number, content: string) =>
  storage.put(commit(version), new TextEncoder().encode(content));
const open = () => DeltaTable.open(storage);
const withProtocol = async (protocol: object) =>
  rewrite(0, (await text(0)).replace(/\{"protocol":.*\n/, `${JSON.stringify({ protocol })}\n`));

describe('a damaged log', () => {
  it('with a gap: names the missing file', async () => {
    storage.files.delete(commit(1));
    await expect(open()).rejects.toMatchObject({
      code: 'DELTA_VERSIONS_NOT_CONTIGUOUS',
      message: expect.stringContaining('_delta_log/00000000000000000001.json is missing'),
    });
    expect((await table.refresh()).version).toBe(2);
  });

  it('without its beginning', async () => {
    storage.files.delete(commit(0));
    await expect(open()).rejects.toMatchObject({
      message: expect.stringContaining('00000000000000000000.json is missing'),
    });
  });

  it('cut off at any byte: names file and line, or nothing was lost', async () => {
    const whole = await text(1);
    for (let length = 1; length < whole.length - 1; length += 7) {
      await rewrite(1, whole.slice(0, length));
      const lineNumber = whole.slice(0, length).split('\n').length;
      if (whole[length - 1] === '\n') continue; // a whole line less is a commit of fewer actions
      await expect(open()).rejects.toMatchObject({
        code: 'DELTA_BAD_COMMIT',
        message: expect.stringContaining(`00000000000000000001.json, line ${lineNumber}`),
      });
    }
  });

  it.each([
    ['{"add":{"path":"x"}}', 'line 1: its add has no path, partitionValues, size or dataChange'],
    ['{"protocol":{"minReaderVersion":"1"}}', 'its protocol has no'],
    ['[1,2]', 'expected an object, found [1,2]'],
    ['{"txn":{"appId":3}}', 'its txn has no appId'],
  ])('with a broken action %s', async (line, says) => {
    await rewrite(2, line);
    await expect(open()).rejects.toMatchObject({
      code: 'DELTA_BAD_COMMIT',
      message: expect.stringContaining(says),
    });
  });

  it('with files, actions and fields nobody knows, is read all the same', async () => {
    await storage.put('_delta_log/notes.txt', new Uint8Array(3));
    await storage.put('_delta_log/.00000000000000000001.json.crc', new Uint8Array(3));
    await storage.put('_delta_log/.barline-tmp-dead', new Uint8Array(3));
    await storage.put(
      '_delta_log/00000000000000000000.00000000000000000001.compacted.json',
      new Uint8Array(3),
    );
    await rewrite(
      2,
      `\r\n${(await text(2)).replaceAll('\n', '\r\n')}{"fromTheFuture":{"a":1}}\n{"add":null,"txn":{"appId":"a","version":1}}`,
    );
    const opened = await open();
    expect([opened.version, (await opened.scan()).total]).toEqual([2, 2]);
    expect((await opened.snapshot()).transactions.size).toBe(1);
  });
});

describe('a table that needs more', () => {
  it('refuses an unknown reader feature by name', async () => {
    await withProtocol({
      minReaderVersion: 3,
      minWriterVersion: 7,
      readerFeatures: ['timeTurner'],
      writerFeatures: ['timeTurner'],
    });
    await expect(open()).rejects.toMatchObject({
      code: 'DELTA_UNSUPPORTED_FEATURE',
      message: expect.stringContaining('reader feature timeTurner'),
    });
  });

  it('reads, but does not write, with an unknown writer feature', async () => {
    await withProtocol({
      minReaderVersion: 1,
      minWriterVersion: 7,
      writerFeatures: ['appendOnly', 'scribble'],
    });
    const opened = await open();
    expect((await opened.scan()).total).toBe(2);
    await expect(opened.append([])).rejects.toThrow(/writer feature scribble/);
  });

  it.each([
    [{ minReaderVersion: 4, minWriterVersion: 7 }, 'reader version 4'],
    [{ minReaderVersion: 0, minWriterVersion: 2 }, 'reader version 0'],
  ])('refuses protocol %j', async (protocol, says) => {
    await withProtocol(protocol);
    await expect(open()).rejects.toMatchObject({
      code: 'DELTA_UNSUPPORTED_PROTOCOL',
      message: expect.stringContaining(says),
    });
  });

  it.each([
    [3, { 'delta.constraints.positive': 'close > 0' }, 'checkConstraints'],
    [5, { 'delta.columnMapping.mode': 'name' }, 'columnMapping'],
  ])('refuses to write at writer version %i with %j', async (minWriterVersion, configuration, feature) => {
    await withProtocol({ minReaderVersion: 2, minWriterVersion });
    const opened = await open();
    expect(await opened.append([await dataFile(opened, '2024-10')])).toMatchObject({ version: 3 });
    await rewrite(
      0,
      (await text(0)).replace('"configuration":{}', `"configuration":${JSON.stringify(configuration)}`),
    );
    const again = await open();
    await expect(again.append([await dataFile(again, '2024-10')])).rejects.toThrow(feature);
  });

  it('names a V2 checkpoint that it needs and cannot read', async () => {
    storage.files.delete(commit(0));
    const name = '_delta_log/00000000000000000001.checkpoint.e8fa2696-9728-4e9c-b285-634743fdd4fb.parquet';
    await storage.put(name, new Uint8Array(1));
    await expect(open()).rejects.toMatchObject({
      code: 'DELTA_BAD_CHECKPOINT',
      message: expect.stringContaining(name),
    });
  });
});

describe('no table', () => {
  it('is said so', async () => {
    await expect(DeltaTable.open(new MemoryStorage())).rejects.toMatchObject({
      code: 'DELTA_NO_TABLE',
      message: 'there is no Delta table at memory://table: its folder _delta_log holds no commit',
    });
  });

  it('names the tables below', async () => {
    const lake = new MemoryStorage();
    for (const name of ['rolls', 'training_bars'])
      await lake.put(`${name}/_delta_log/00000000000000000000.json`, new Uint8Array(1));
    await expect(DeltaTable.open(lake)).rejects.toMatchObject({
      hint: 'there are tables below it: rolls, training_bars',
    });
  });
});

describe('left-overs of a crash', () => {
  it('are the data files no version names', async () => {
    const kept = await dataFile(table, '2024-12');
    const lost = await dataFile(table, '2024-12');
    await table.append([kept]);
    await table.replaceWhere({ month: '2024-10' }, []);
    await storage.put('month=2024-12/.barline-tmp-1', new Uint8Array(1));
    const left = await table.unreferencedFiles({});
    expect(left.map((f) => f.path)).toEqual([decodeURIComponent(lost.path)]);
    expect(await table.unreferencedFiles({ nameToken: 'another-run' })).toEqual([]);
    expect(await table.unreferencedFiles({ modifiedBeforeMs: 0 })).toEqual([]);
    expect((await table.allReferencedPaths()).size).toBe(3);
  });
});
