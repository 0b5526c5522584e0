/** What a bronze lake holds, in a form that two lakes can be compared by. */

import { DeltaTable } from '../../src/delta/index.ts';
import { DuckDbSession, defaultLimits } from '../../src/duckdb/index.ts';
import { DeadLetters } from '../../src/quality/index.ts';
import { openStorage } from '../../src/storage/index.ts';

export interface LakeDigest {
  readonly rows: readonly unknown[];
  readonly watermarks: Readonly<Record<string, number>>;
  readonly coverage: Readonly<Record<string, string>>;
  /** Records by what was sent, with how often. */
  readonly dead: Readonly<Record<string, number>>;
}

/** Counts, times and sums of each asset, each exact; all but who wrote a row and when. */
export async function lakeDigest(lake: string): Promise<LakeDigest> {
  const table = await DeltaTable.open(`${lake}/raw_market_data_1m`);
  using session = await DuckDbSession.open(defaultLimits());
  const relation = await (await table.scan()).relation(session);
  const query = `SELECT asset_pair, source_provider, count(*)::INTEGER AS bars, count(DISTINCT "timestamp")::INTEGER AS times,
    min("timestamp")::VARCHAR AS first, max("timestamp")::VARCHAR AS last, max(revision) AS revision,
    bit_xor(hash("timestamp", open, high, low, close, volume, is_mock, revision, partition_date, partition_asset_pair))::VARCHAR AS hash
    FROM (${relation}) GROUP BY ALL ORDER BY ALL`;
  const columns = await session.columns(query, 'the lake');
  const rows: unknown[] = [];
  for await (const chunk of session.chunks(query, 'the lake')) {
    const values = columns.map((_, i) => chunk.values(i));
    for (let row = 0; row < chunk.rowCount; row++) rows.push(values.map((column) => column[row]));
  }
  const { transactions, domainMetadata } = table.latest;
  const dead: Record<string, number> = {};
  for await (const { records } of new DeadLetters(openStorage(lake), Date.now).all()) {
    for (const record of records) {
      const key = JSON.stringify(record);
      dead[key] = (dead[key] ?? 0) + 1;
    }
  }
  return {
    rows,
    watermarks: Object.fromEntries([...transactions].map(([id, { version }]) => [id, version])),
    coverage: Object.fromEntries([...domainMetadata].map(([id, { configuration }]) => [id, configuration])),
    dead,
  };
}
