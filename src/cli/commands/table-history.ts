import { countOption } from '../arguments.ts';
import { type CommandSpec, option } from '../command.ts';
import { isoTime, lakeOf, TABLE } from '../table-argument.ts';
import { type TextColumn, textTable } from '../text-table.ts';

export const history: CommandSpec = {
  name: 'history',
  summary: 'a table’s commits, newest first',
  arguments: [TABLE],
  options: [option('--limit <commits>', 'most commits', '20')],
  examples: ['barline table history training_bars', 'barline table history training_bars --limit 100 --json'],
  run: async (invocation, [text = ''], options) => {
    const { output } = invocation;
    const limit = countOption(options, 'limit', 1) ?? 20;
    const { lake } = await lakeOf(invocation);
    const { openTable } = await import('../../query/index.ts');
    const { table, snapshot } = await openTable(text, lake, invocation.directory);
    const newer = table.version - snapshot.version;
    const entries = (await table.history({ limit: limit + newer })).filter(
      (entry) => entry.version <= snapshot.version,
    );
    const commits = entries.slice(0, limit).map((entry) => ({
      version: entry.version,
      timestamp: isoTime(entry.timestampMs),
      operation: entry.operation ?? null,
      parameters: entry.operationParameters,
      metrics: entry.operationMetrics,
      engine: entry.commitInfo.engineInfo ?? null,
    }));
    for (const commit of commits) output.json(commit);
    if (output.options.json) return 0;
    const rows = commits.map((commit) => [
      String(commit.version),
      commit.timestamp ?? '',
      commit.operation ?? 'unknown',
      pairs(commit.parameters),
      pairs(commit.metrics),
    ]);
    output.text(textTable(HISTORY_COLUMNS, rows));
    return 0;
  },
};

const HISTORY_COLUMNS: readonly TextColumn[] = [
  { title: 'version', align: 'right' },
  { title: 'time' },
  { title: 'operation' },
  { title: 'parameters' },
  { title: 'metrics' },
];

function pairs(values: Readonly<Record<string, unknown>>): string {
  return Object.entries(values)
    .map(([key, value]) => `${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join(' ');
}
