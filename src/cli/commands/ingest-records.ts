import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { basename, resolve } from 'node:path';
import { BarlineError, systemCode, usageError } from '../../base/index.ts';
import type { RawRecord } from '../../ingest/index.ts';
import type { CommandSpec, Invocation } from '../command.ts';
import { openLake } from '../ingest-request.ts';
import { openSession } from '../query-output.ts';
import { RowFile } from '../row-file.ts';
import { formatCount } from '../text-table.ts';

export const records: CommandSpec = {
  name: 'records',
  summary: 'news, indicators, decisions and executions into their bronze tables',
  description:
    'Appends records to raw_news_sentiment, raw_macro_indicators, raw_ai_decisions or raw_trade_executions, each once: a record that is there already, word for word, is a duplicate. Records that do not fit the table become dead letters.',
  arguments: [
    ['<table>', 'raw_news_sentiment, raw_macro_indicators, raw_ai_decisions or raw_trade_executions'],
    ['<file>', 'JSON lines or a .parquet file, local; - is JSON lines on stdin'],
  ],
  examples: [
    'barline ingest records raw_news_sentiment news.jsonl',
    'cat executions.jsonl | barline ingest records raw_trade_executions - --json',
  ],
  run: async (invocation, [table = '', file = '']) => {
    const { ingestRecords, isRecordTable, recordTableNames } = await import('../../ingest/index.ts');
    const { DeadLetters } = await import('../../quality/index.ts');
    const { output, now } = invocation;
    if (!isRecordTable(table)) {
      throw usageError(
        `there is no table of records ${JSON.stringify(table)}`,
        `there are ${recordTableNames().join(', ')}; bars come by \`barline ingest --assets …\``,
      );
    }
    const { configuration, storage } = await openLake(invocation);
    const started = now();
    const request = {
      lake: storage,
      table,
      deadLetters: new DeadLetters(storage, now),
      sourceFile: file === '-' ? null : basename(file),
      ingestionId: randomUUID(),
      now,
    };
    const counts = /\.parquet$/i.test(file)
      ? await ingestRecords({ ...request, records: parquetRecords(invocation, file, configuration) })
      : await ingestRecords({ ...request, records: await lineRecords(invocation, file) });
    const { fetched, stored, duplicate, dead } = counts;
    output.json({ table, fetched, stored, duplicate, dead, seconds: (now() - started) / 1000 });
    output.text(
      `${table}: ${formatCount(fetched)} read: ${formatCount(stored)} stored, ${formatCount(duplicate)} duplicate, ${formatCount(dead)} dead`,
    );
    if (fetched > 0 && dead === fetched) {
      output.note('no record passed validation; see `barline dlq list`');
      return 1;
    }
    return 0;
  },
};

async function lineRecords(invocation: Invocation, file: string): Promise<AsyncIterable<RawRecord>> {
  const { recordLines } = await import('../../ingest/index.ts');
  if (file === '-') return recordLines(process.stdin);
  return named(file, recordLines(bytesOf(resolve(invocation.directory, file))));
}

/** Opened by whoever reads first: nobody would be there for an earlier error. */
async function* bytesOf(path: string): AsyncGenerator<Uint8Array> {
  yield* createReadStream(path);
}

async function* named(file: string, lines: AsyncIterable<RawRecord>): AsyncGenerator<RawRecord> {
  try {
    yield* lines;
  } catch (error) {
    if (systemCode(error) === undefined) throw error;
    throw new BarlineError({
      code: systemCode(error) === 'ENOENT' ? 'FILE_NOT_FOUND' : 'FILE_UNREADABLE',
      message: `${file} cannot be read (${systemCode(error)})`,
      cause: error,
      facts: { file },
    });
  }
}

async function* parquetRecords(
  invocation: Invocation,
  file: string,
  configuration: Parameters<typeof openSession>[0],
): AsyncGenerator<RawRecord> {
  const { quoteName } = await import('../../query/index.ts');
  await using rows = await RowFile.open(invocation, file);
  using session = await openSession(configuration);
  const columns = await session.columns(rows.relation, file);
  const isTime = columns.map(({ type }) => /^(TIMESTAMP|DATE)/i.test(String(type)));
  const selected = columns.map(({ name }, i) =>
    isTime[i] ? `epoch_us(${quoteName(name)}) AS ${quoteName(name)}` : quoteName(name),
  );
  for await (const chunk of session.chunks(`SELECT ${selected.join(', ')} FROM (${rows.relation})`, file)) {
    const values = columns.map((_, i) => chunk.values(i));
    for (let row = 0; row < chunk.rowCount; row++) {
      const record = Object.fromEntries(
        columns.map(({ name }, i) => [name, plainValue(values[i]?.[row], isTime[i] === true)]),
      );
      yield { value: record, original: record };
    }
  }
}

/** Times as ISO text, whole numbers as numbers, the rest as it is. */
function plainValue(value: unknown, isTime: boolean): unknown {
  if (typeof value !== 'bigint') return value ?? null;
  return isTime ? new Date(Number(value) / 1000).toISOString() : Number(value);
}
