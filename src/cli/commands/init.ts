import { resolve } from 'node:path';
import { BarlineError, CONFIG_FILE_NAME } from '../../base/index.ts';
import type { CommandSpec } from '../command.ts';

/** What `init` writes. */
export const EXAMPLE_CONFIGURATION = `# Barline's configuration, found upwards from the working directory.
# Environment variables (BARLINE_LAKE, BARLINE_SOURCE) override it, flags override both.
# \`barline config show\` prints what is in force and where each value came from.

# Where the tables lie, and where the raw months are (paths count from this file).
lake: ./lake
source: ./data

# ES, MES, NQ, MNQ, RTY, YM, or one defined under \`instruments\`.
instrument: ES

contract:
  # day_volume: the day's highest volume decides (known only at its end).
  # previous_day_volume: known before the session opens.
  rule: day_volume
  no_flip_back: false

labels:
  timeout_seconds: 900
  decay_per_month: 0.05
  rolls: contracts # or gaps
  # Bars before and after a roll that get label 0.
  affected_before: 1
  affected_after: 5
  # modes: a list of {name, direction, stop_ticks, target_ticks}; six by default.

run:
  # workers: threads; one per core by default
  # What a query may take.
  memory: 2GB
  compression_level: 1

# Who is told when a month goes wrong (try it: barline monitor --test-sinks).
# alerts:
#   sinks:
#     - { type: console }
#     - { type: slack, url_env: SLACK_WEBHOOK_URL }
#     - { type: smtp, host: smtp.example.org, from: barline@example.org, to: [me@example.org], user: me, password_env: SMTP_PASSWORD }
# instruments:
#   CL:
#     tick_size: 0.01
#     tick_value: 10
#     min_price: 5
#     max_price: 300
#     roll_threshold: 1
#     session: cl-day
#     contract_months: FGHJKMNQUVXZ
# sessions:
#   cl-day: { zone: America/New_York, open: '09:00', close: '14:30', days: [mon, tue, wed, thu, fri], calendar: none }
# calendars:
#   mine: { extends: cme-equity, holidays: { '2027-01-04': A day of mourning } }
`;

export const init: CommandSpec = {
  name: 'init',
  summary: `write a commented ${CONFIG_FILE_NAME} here`,
  examples: ['barline init', 'barline init --yes   # replaces the one that is there'],
  run: async ({ output, directory, globals }) => {
    const { openStorage } = await import('../../storage/index.ts');
    const folder = openStorage(directory);
    const bytes = new TextEncoder().encode(EXAMPLE_CONFIGURATION);
    const path = resolve(directory, CONFIG_FILE_NAME);
    if (globals.yes === true) await folder.put(CONFIG_FILE_NAME, bytes);
    else if (!(await folder.putIfAbsent(CONFIG_FILE_NAME, bytes))) {
      throw new BarlineError({
        code: 'CONFIG_EXISTS',
        message: `${path} is there already`,
        hint: 'edit it, or replace it with `barline init --yes`',
        exitCode: 2,
        facts: { file: path },
      });
    }
    output.json({ file: path });
    output.text(`wrote ${path}`);
    output.note('edit it, then see what is in force: barline config show');
    return 0;
  },
};
