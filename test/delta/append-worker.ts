// Appends commits to a table until it is told enough or killed, and prints a line for each one acknowledged.
// Arguments: table folder, writer's name, number of commits (0: without end).
import { DeltaTable } from '../../src/delta/index.ts';

const [folder = '', name = '', count = '0'] = process.argv.slice(2);
const table = await DeltaTable.open(folder);
for (let i = 1; count === '0' || i <= Number(count); i++) {
  const month = `2024-${String((i % 12) + 1).padStart(2, '0')}`;
  const path = table.newFilePath({ month }, name);
  const entry = await table.storage.write(path, [new TextEncoder().encode(`${name} ${i}\n`)]);
  const file = table.addFile({
    ...entry,
    partitionValues: { month },
    statistics: { rowCount: i, columns: {} },
  });
  const { version } = await table.append([file], { txn: { appId: name, version: i } });
  process.stdout.write(`${version} ${i} ${file.path}\n`);
}
