import { usageError } from '../../base/index.ts';
import { pairsOption, textsOption } from '../assignments.ts';
import { type CommandSpec, repeatable } from '../command.ts';
import { lakeOf, PLAIN_TABLE } from '../table-argument.ts';
import { textTable } from '../text-table.ts';

export const constraints: CommandSpec = {
  name: 'constraints',
  summary: 'shows, adds and drops CHECK constraints',
  description:
    'Shows the constraints, or changes them, a version each. A constraint is an SQL expression that must be true of every row; one that some row does not meet is refused.',
  arguments: [PLAIN_TABLE],
  options: [
    repeatable('--add <name=sql>', 'add this constraint, after a look at every row'),
    repeatable('--drop <name>', 'drop this constraint'),
  ],
  examples: [
    'barline table constraints training_bars',
    'barline table constraints training_bars --add "positive=close > 0"',
    'barline table constraints training_bars --drop positive --json',
  ],
  run: async (invocation, [text = ''], options) => {
    const { output } = invocation;
    const added = pairsOption(options, 'add', '--add', 'name=expression');
    const dropped = textsOption(options, 'drop');
    const empty = added.find(([, expression]) => expression === '');
    if (empty !== undefined) throw usageError(`--add ${empty[0]}= has no expression`);
    const { openTable } = await import('../../query/index.ts');
    const { lake } = await lakeOf(invocation);
    const { name, table } = await openTable(text, lake, invocation.directory);
    for (const each of dropped) await table.dropConstraint(each);
    for (const [each, expression] of added) await table.addConstraint(each, expression);
    output.json({ table: name, version: table.version, constraints: Object.fromEntries(table.constraints) });
    if (table.constraints.size === 0) output.note(`${name} has no constraints`);
    else
      output.text(
        textTable(
          [{ title: 'constraint' }, { title: 'holds' }],
          [...table.constraints].map((pair) => [...pair]),
        ),
      );
    return 0;
  },
};
