import { formatByteLength, usageError } from '../../base/index.ts';
import { textOption } from '../arguments.ts';
import { type CommandSpec, option } from '../command.ts';
import { lakeOf, PLAIN_TABLE } from '../table-argument.ts';
import { formatCount } from '../text-table.ts';

export const vacuum: CommandSpec = {
  name: 'vacuum',
  summary: 'removes files that no version within the retention and no pinned version needs',
  description:
    'Removes data files, deletion vectors and change files that no version within the retention and no pinned version needs, and left-overs of crashed writers that are a day old or more. Older versions can then no longer be read or restored.',
  arguments: [PLAIN_TABLE],
  options: [
    option(
      '--retention <duration>',
      'versions younger than this stay readable, e.g. 168h or 7d (default: the table’s)',
    ),
    option('--dry-run', 'only name the files'),
    option('--force', 'accept a retention shorter than the table’s own'),
  ],
  examples: [
    'barline table vacuum training_bars --dry-run',
    'barline table vacuum training_bars --retention 720h',
    'barline table vacuum training_bars --retention 0h --force --json',
  ],
  run: async (invocation, [text = ''], options) => {
    const { output } = invocation;
    const retentionHours = hoursOption(textOption(options, 'retention'));
    const { openTable } = await import('../../query/index.ts');
    const { lake } = await lakeOf(invocation);
    const { name, table } = await openTable(text, lake, invocation.directory);
    const result = await table.vacuum({
      ...(retentionHours !== undefined && { retentionHours }),
      dryRun: options.dryRun === true,
      force: options.force === true,
    });
    const { files, byteLength, pins, dryRun } = result;
    for (const path of files) {
      output.json({ file: path });
      if (dryRun) output.text(path);
    }
    const summary = {
      table: name,
      version: table.version,
      dry_run: dryRun,
      files: files.length,
      bytes: byteLength,
      retention_hours: result.retentionHours,
      pins: pins.map((pin) => ({ name: pin.name, version: pin.version })),
    };
    output.json({ summary });
    const done = dryRun ? 'would be removed' : 'removed';
    const spared =
      pins.length === 0
        ? ''
        : `; pinned versions spared: ${pins.map((pin) => `${pin.version} (${pin.name})`).join(', ')}`;
    output.text(
      `${name}: ${formatCount(files.length)} files, ${formatByteLength(byteLength)}, ${done}${spared}`,
    );
    return 0;
  },
};

const HOURS: Readonly<Record<string, number>> = { m: 1 / 60, h: 1, d: 24, w: 168 };

function hoursOption(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const [, amount = '', unit = 'h'] = /^(\d+(?:\.\d+)?)([mhdw])?$/i.exec(text) ?? [];
  const hours = Number(amount) * (HOURS[unit.toLowerCase()] ?? Number.NaN);
  if (amount !== '' && Number.isFinite(hours)) return hours;
  throw usageError(`--retention is ${JSON.stringify(text)}; expected a duration such as 168h, 7d or 2w`);
}
