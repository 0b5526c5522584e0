import { expect, test } from 'vitest';
import { DeltaTable, type Row } from '../../src/delta/index.ts';
import { ingestRecords, type RecordTable, recordLines, replayLetter } from '../../src/ingest/index.ts';
import { DeadLetters } from '../../src/quality/index.ts';
import { BronzeLake, NOW_MS } from './bronze-lake.ts';

const now = () => NOW_MS;

async function* chunksOf(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let start = 0; start < bytes.length; start += size) yield bytes.subarray(start, start + size);
}

function store(lake: BronzeLake, table: RecordTable, lines: readonly (string | Uint8Array)[], size = 7) {
  const bytes = Buffer.concat(lines.flatMap((line) => [Buffer.from(line), Buffer.from('\n')]));
  return ingestRecords({
    lake: lake.storage,
    table,
    records: recordLines(chunksOf(bytes, size)),
    deadLetters: new DeadLetters(lake.storage, now),
    sourceFile: 'in.jsonl',
    ingestionId: 'run',
    now,
  });
}

async function rowsOf(lake: BronzeLake, table: RecordTable): Promise<Row[]> {
  const rows: Row[] = [];
  const opened = await DeltaTable.open(`${lake.folder}/${table}`);
  for await (const row of (await opened.scan()).rows()) rows.push(row);
  return rows;
}

const trade = (change: object = {}) =>
  JSON.stringify({
    timestamp: '2025-03-01T10:00:00.5Z',
    execution_id: 'e1',
    asset_pair: 'BTCUSD',
    side: 'buy',
    price: '100.25',
    size: 2,
    ...change,
  });

test('stores records once; what does not fit is a dead letter with its bytes', async () => {
  using lake = new BronzeLake();
  const lines = [
    trade(),
    trade(),
    trade({ execution_id: 'e2', fee: -0.1 }),
    trade({ side: 'hold' }),
    trade({ price: 0, size: 'x' }),
    trade({ colour: 'red' }),
    trade({ timestamp: 'yesterday' }),
    trade({ timestamp: '2031-01-01' }),
    '{"timestamp":',
    '[1]',
    new Uint8Array([0x7b, 0xff, 0xfe]),
    '',
    '   ',
  ];
  expect(await store(lake, 'raw_trade_executions', lines)).toMatchObject({
    fetched: 11,
    stored: 2,
    duplicate: 1,
    dead: 8,
  });
  expect(await store(lake, 'raw_trade_executions', lines, 1000)).toMatchObject({
    fetched: 11,
    stored: 0,
    duplicate: 3,
    dead: 8,
  });
  const rows = await rowsOf(lake, 'raw_trade_executions');
  expect(rows).toHaveLength(2);
  expect(rows.find(({ execution_id }) => execution_id === 'e1')).toMatchObject({
    timestamp: BigInt(Date.parse('2025-03-01T10:00:00.5Z')) * 1000n,
    price: 100.25,
    size: 2,
    fee: null,
    _source_file: 'in.jsonl',
    _ingestion_id: 'run',
    partition_date: Math.floor(Date.parse('2025-03-01') / 86_400_000),
  });
  const letters = await lake.deadLetters();
  expect(letters).toHaveLength(1);
  expect(letters[0]?.context).toEqual({ table: 'raw_trade_executions' });
  expect(letters[0]?.records.map(({ reason }) => reason)).toEqual([
    'side is none of buy, sell',
    'price is not above 0; size is no number',
    'colour is no column',
    'timestamp cannot be read',
    'timestamp is in the future',
    'is no JSON object',
    'is no JSON object',
    'is no JSON object',
  ]);
  expect(letters[0]?.records.at(-1)).toMatchObject({ original_base64: 'e//+' });
});

test('a mended record of a dead letter is stored once', async () => {
  using lake = new BronzeLake();
  await store(lake, 'raw_news_sentiment', ['{"timestamp":"2025-03-01","headline":"up","sentiment_score":7}']);
  const [letter] = await lake.deadLetters();
  if (letter === undefined) throw new Error('no dead letter');
  const record = { timestamp: '2025-03-01', headline: 'up', sentiment_score: 0.7 };
  const mended = { ...letter, records: [{ record, reason: 'mended' }] };
  const request = {
    lake: lake.storage,
    deadLetters: new DeadLetters(lake.storage, now),
    ingestionId: 'replay',
    now,
  };
  expect(await replayLetter(request, mended)).toMatchObject({ stored: 1, kept: 0 });
  expect(await replayLetter(request, mended)).toMatchObject({ stored: 0, duplicate: 1, kept: 0 });
  expect(await rowsOf(lake, 'raw_news_sentiment')).toHaveLength(1);
  expect(await lake.deadLetters()).toEqual([]);
});

test.each(['raw_macro_indicators', 'raw_ai_decisions'] as const)('%s takes its records', async (table) => {
  using lake = new BronzeLake();
  const time = { timestamp: 1_740_823_200 };
  const record =
    table === 'raw_macro_indicators'
      ? { ...time, indicator: 'CPI', value: 3.1, region: 'US' }
      : { ...time, decision_id: 'd', asset_pair: 'BTCUSD', model: 'm', action: 'hold', confidence: 0.5 };
  expect(await store(lake, table, [JSON.stringify(record)])).toMatchObject({ stored: 1, dead: 0 });
  expect(await rowsOf(lake, table)).toMatchObject([{ timestamp: 1_740_823_200_000_000n }]);
});
