import type { BarRecord } from '../../export/index.ts';
import { countOption } from '../arguments.ts';
import { type CommandSpec, option } from '../command.ts';
import { DBN_FILE, openDbnInput } from '../dbn-input.ts';
import { type TextColumn, textTable } from '../text-table.ts';

export const head: CommandSpec = {
  name: 'head',
  summary: 'first bars of a DBN file',
  arguments: [DBN_FILE],
  options: [
    option('-n, --count <rows>', 'how many bars', '20'),
    option('--skip <rows>', 'bars to step over before', '0'),
  ],
  examples: [
    'barline dbn head glbx-mdp3-20241001-20241031.ohlcv-1s.dbn.zst',
    'barline dbn head bars.dbn -n 5 --skip 1000 --json',
  ],
  run: async ({ output }, [file = ''], options) => {
    const count = countOption(options, 'count') ?? 20;
    const skip = countOption(options, 'skip') ?? 0;
    const rows = await firstBars(file, skip, count);
    for (const row of rows) output.json(row);
    if (!output.options.json) output.text(await barTable(rows));
    if (rows.length === 0 && count > 0) output.note(skip > 0 ? `no bars after the first ${skip}` : 'no bars');
    return 0;
  },
};

async function firstBars(file: string, skip: number, count: number): Promise<BarRecord[]> {
  const { symbolResolver } = await import('../../dbn/index.ts');
  const { barColumns, barRecords } = await import('../../export/index.ts');
  await using reader = await openDbnInput(file);
  const resolver = symbolResolver(reader.metadata);
  const rows: BarRecord[] = [];
  let row = 0;
  for await (const batch of reader.batches({ batchRows: 4096, reuseBatch: true })) {
    const start = Math.max(0, skip - row);
    const end = Math.min(batch.rowCount, skip + count - row);
    if (start < end) rows.push(...barRecords(barColumns(batch, resolver), resolver.symbols, start, end));
    row += batch.rowCount;
    if (row >= skip + count) break;
  }
  return rows;
}

async function barTable(rows: readonly BarRecord[]): Promise<string> {
  const { BAR_COLUMNS } = await import('../../export/index.ts');
  const columns = BAR_COLUMNS.map(
    (title): TextColumn => ({ title, align: title === 'timestamp' || title === 'symbol' ? 'left' : 'right' }),
  );
  return textTable(
    columns,
    rows.map((row) => Object.values(row).map((value) => (value === null ? '' : String(value)))),
  );
}
