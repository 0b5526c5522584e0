/** The pipeline end to end on the bundled sample: what went in is known, so what must come out is. */
import { join } from 'node:path';
import { type AddFile, DeltaTable, parseStats, verifyTable } from '../delta/index.ts';
import { MONTH_TABLES } from '../months/index.ts';
import { type CheckContext, fullSource, runInto } from './bench-lake.ts';
import { type Proof, proof } from './report.ts';

export async function provePipeline(context: CheckContext): Promise<Proof[]> {
  const { months } = await context.fullSample();
  context.onShare(0.4);
  const lake = join(context.folder, 'lake');
  const { summary } = await runInto(context, fullSource(context), lake);
  context.onShare(0.9);
  const expectedRows = months
    .flatMap(({ sessions }) => sessions)
    .reduce((sum, each) => sum + each.expected_rows, 0);
  const files = [...(await DeltaTable.open(join(lake, 'training_bars'))).latest.files()];
  const again = await runInto(context, fullSource(context), lake);
  return [
    proof(
      'every month comes through',
      summary.succeeded === months.length,
      `${summary.succeeded} of ${months.length} months`,
    ),
    proof(
      'a row for every second of every session',
      rowCount(files) === expectedRows,
      `${rowCount(files)} rows; ${expectedRows} were to come`,
    ),
    ...proveColumns(files),
    await proveTables(lake),
    proof(
      'running it again changes nothing',
      again.summary.skipped === months.length,
      `${again.summary.succeeded} months made again`,
    ),
  ];
}

function rowCount(files: readonly AddFile[]): number {
  return files.reduce((sum, file) => sum + (parseStats(file)?.numRecords ?? 0), 0);
}

/** What the data files' own statistics say of their columns: that of every column is there. */
function proveColumns(files: readonly AddFile[]): Proof[] {
  const wrong: string[] = [];
  for (const file of files) {
    const { minValues = {}, maxValues = {}, nullCount = {} } = parseStats(file) ?? {};
    for (const [name, nulls] of Object.entries(nullCount)) {
      const [min, max] = [Number(minValues[name]), Number(maxValues[name])];
      const isWhole = nulls === 0;
      if (/^(open|high|low|close)$/.test(name) && !(isWhole && min > 0)) wrong.push(`${name} from ${min}`);
      if (name.startsWith('label_') && !(isWhole && min >= 0 && max <= 1))
        wrong.push(`${name} ${min} to ${max}`);
      if (name.startsWith('weight_') && !(isWhole && min > 0 && max <= 4))
        wrong.push(`${name} ${min} to ${max}`);
    }
  }
  const found =
    wrong.length === 0 ? 'prices, labels and weights of every file' : wrong.slice(0, 3).join(', ');
  return [
    proof(
      'labels are 0 or 1, weights and prices above 0, none missing',
      wrong.length === 0 && files.length > 0,
      found,
    ),
  ];
}

async function proveTables(lake: string): Promise<Proof> {
  const verified = await Promise.all(MONTH_TABLES.map((name) => verifyTable(join(lake, name))));
  const damages = verified.flatMap((each) => each.damages);
  const files = verified.reduce((sum, each) => sum + each.fileCount, 0);
  const found = damages[0]?.message ?? `${files} files of ${verified.length} tables`;
  return proof('log and files of every table agree', damages.length === 0, found);
}
