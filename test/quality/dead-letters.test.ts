import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { barOf, type DeadLetter, DeadLetters, deadBar } from '../../src/quality/index.ts';
import { openStorage } from '../../src/storage/index.ts';

const NOW_MS = Date.parse('2025-03-10T12:34:56.789Z');
const CONTEXT = { asset_pair: 'BTCUSD', timeframe: '1m', provider: 'coinbase' };
const BAR = {
  tsUs: 60e6,
  open: 1,
  high: '2',
  low: Number.NaN,
  close: undefined,
  volume: 3,
  original: '{"o":1}',
};

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'barline-dlq-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const open = () => new DeadLetters(openStorage(folder), () => NOW_MS);

async function all(): Promise<DeadLetter[]> {
  const letters: DeadLetter[] = [];
  for await (const letter of open().all()) letters.push(letter);
  return letters;
}

test('has the name and the shape that the page gives', async () => {
  await open().keep({ context: CONTEXT, records: [deadBar(BAR, 'low is no number', 'a.jsonl')] });
  const [name = ''] = readdirSync(join(folder, 'dlq'));
  expect(name).toMatch(/^dlq_20250310T123456789Z_[0-9a-f]{12}\.json$/);
  expect(JSON.parse(readFileSync(join(folder, 'dlq', name), 'utf8'))).toEqual({
    timestamp: '2025-03-10T12:34:56.789Z',
    error: '1 record failed validation',
    context: CONTEXT,
    records: [
      {
        timestamp: '1970-01-01T00:01:00.000000Z',
        open: 1,
        high: '2',
        low: 'NaN',
        volume: 3,
        original: '{"o":1}',
        source_file: 'a.jsonl',
        reason: 'low is no number',
      },
    ],
  });
});

test.each([
  ['text', 'a,b\r'],
  ['bytes that are no text', new Uint8Array([0, 255, 10])],
  ['a list', [1, 'x', null]],
])('gives %s back as it came', async (_name, original) => {
  await open().keep({ context: CONTEXT, records: [deadBar({ ...BAR, original }, 'bad', null)] });
  const [letter] = await all();
  const [record] = letter?.records ?? [];
  const back = record && barOf(record);
  expect(back?.original instanceof Uint8Array ? new Uint8Array(back.original) : back?.original).toEqual(
    original,
  );
  expect(back).toMatchObject({ tsUs: 60e6, open: 1, high: '2', low: 'NaN', close: undefined, volume: 3 });
});

test('a record that a killed run had kept is not kept again; as many equal ones as came are', async () => {
  const record = deadBar(BAR, 'bad', null);
  await open().keep({ context: CONTEXT, records: [record, record] });
  const again = open();
  await again.keep({ context: CONTEXT, records: [record] });
  await again.keep({ context: CONTEXT, records: [record, record] });
  await again.keep({ context: { ...CONTEXT, asset_pair: 'ETHUSD' }, records: [record] });
  expect((await all()).map(({ context, records }) => [context.asset_pair, records.length]).sort()).toEqual([
    ['BTCUSD', 1],
    ['BTCUSD', 2],
    ['ETHUSD', 1],
  ]);
});

test('splits what is too much for one file', async () => {
  const records = Array.from({ length: 12_001 }, (_, k) => deadBar({ ...BAR, original: k }, 'bad', null));
  await open().keep({ context: CONTEXT, records });
  expect((await all()).map((letter) => letter.records.length).sort()).toEqual([2001, 5000, 5000]);
});

test('keeps the rest of a letter, and takes it away when nothing is left', async () => {
  const records = [1, 2].map((original) => deadBar({ ...BAR, original }, 'bad', null));
  await open().keep({ context: CONTEXT, records });
  const [letter] = await all();
  if (letter === undefined) throw new Error('no letter');
  await open().replace(letter, letter.records.slice(1));
  expect(await open().find(letter.id)).toMatchObject({
    timestamp: letter.timestamp,
    error: '1 record failed validation',
    records: [{ original: 2 }],
  });
  await open().replace(letter, []);
  await expect(open().find(letter.id)).rejects.toMatchObject({ code: 'DLQ_NOT_FOUND' });
});

test('names a file that is no dead letter', async () => {
  await open().keep({ context: CONTEXT, records: [deadBar(BAR, 'bad', null)] });
  const [name = ''] = readdirSync(join(folder, 'dlq'));
  writeFileSync(join(folder, 'dlq', name), '{"timestamp": 3}');
  await expect(all()).rejects.toMatchObject({ code: 'DLQ_UNREADABLE' });
});
