import type { CommandSpec } from '../command.ts';
import { loadSettings, locate } from '../configuration.ts';

export const show: CommandSpec = {
  name: 'show',
  arguments: [['<month>', 'the month, YYYY-MM']],
  summary: 'everything recorded of one month: stages, cleaning rules, sessions, rolls, win rates',
  options: [],
  examples: ['barline months show 2024-03', 'barline months show 2024-03 --json | jq .cleaning_rules'],
  run: async (invocation, [text = '']) => {
    const { parseMonth } = await import('../../months/index.ts');
    const month = parseMonth(text, 'MONTH');
    const { showMonth } = await import('../month-page.ts');
    const configuration = await loadSettings(invocation);
    const lakeUri = locate(configuration.value.lake, configuration, 'lake', invocation.directory);
    await showMonth(invocation.output, lakeUri, month, configuration);
    return 0;
  },
};
