import type { CommandSpec } from '../command.ts';
import { lakeOf } from '../table-argument.ts';
import { formatCount } from '../text-table.ts';

export const verify: CommandSpec = {
  name: 'verify',
  summary: 'proves that a table’s log and files agree; names all that is wrong at once',
  arguments: [['<table>', 'a table of the lake, or a path or URI of any Delta table']],
  examples: ['barline table verify training_bars', 'barline table verify /data/elsewhere/trades --json'],
  run: async (invocation, [text = '']) => {
    const { output } = invocation;
    const { tableLocation } = await import('../../query/index.ts');
    const { verifyTable } = await import('../../delta/index.ts');
    const { lake } = await lakeOf(invocation);
    const location = await tableLocation(text, lake, invocation.directory);
    const { version, commitCount, checkpointCount, fileCount, damages } = await verifyTable(location);
    const errors = damages.filter(({ severity }) => severity === 'error').length;
    const warnings = damages.length - errors;
    for (const { severity, code, file, message, hint } of damages) {
      output.json({ severity, code, file, message, hint });
      if (!output.options.json) output.text(`${severity}: ${message} (${code})\n  ${hint}`);
    }
    const counted = { version, commits: commitCount, checkpoints: checkpointCount, files: fileCount };
    output.json({ summary: { table: text, ...counted, errors, warnings } });
    if (!output.options.json) {
      const checked = `${formatCount(commitCount)} commits, ${formatCount(checkpointCount)} checkpoints and ${formatCount(fileCount)} files`;
      const found = damages.length === 0 ? 'agree' : `${errors} errors, ${warnings} warnings`;
      output.text(`${text}: version ${version}; ${checked}: ${found}`);
    }
    return errors === 0 ? 0 : 1;
  },
};
