import { BarlineError } from '../../base/index.ts';
import type { NounSpec } from '../command.ts';
import { loadSettings, locate } from '../configuration.ts';
import { textTable } from '../text-table.ts';

/** `{a: {b: 1}}` as `[['a.b', 1]]`; lists and empty objects stay whole. */
function flatten(value: unknown, prefix = ''): [string, unknown][] {
  if (
    typeof value !== 'object' ||
    value === null ||
    Array.isArray(value) ||
    Object.keys(value).length === 0
  ) {
    return [[prefix, value]];
  }
  return Object.entries(value).flatMap(([key, item]) =>
    flatten(item, prefix === '' ? key : `${prefix}.${key}`),
  );
}

const SECRET = /(key|secret|token|password)/i;

const shown = (key: string, value: unknown) => (SECRET.test(key) ? '***' : JSON.stringify(value));

export const config: NounSpec = {
  name: 'config',
  summary: 'the configuration in force',
  verbs: [
    {
      name: 'show',
      arguments: [['[key]', 'only this key, dotted']],
      summary: 'what is in force and where each value came from',
      examples: [
        'barline config show',
        'barline config show labels.timeout_seconds',
        'barline config show --json',
      ],
      run: async (invocation, [key]) => {
        const { output } = invocation;
        const configuration = await loadSettings(invocation);
        const { value, origins, file } = configuration;
        const resolved = {
          ...value,
          lake: locate(value.lake, configuration, 'lake', invocation.directory),
          source: locate(value.source, configuration, 'source', invocation.directory),
        };
        const all = flatten(resolved).map(([name, item]) => {
          const origin = Object.entries(origins).find(([k]) => k === name || k.startsWith(`${name}.`))?.[1];
          return { key: name, value: item, origin: origin ?? 'default' };
        });
        const wanted = all.filter(
          (each) => key === undefined || each.key === key || each.key.startsWith(`${key}.`),
        );
        if (wanted.length === 0) {
          throw new BarlineError({
            code: 'CONFIG',
            message: `no configuration key ${key}`,
            hint: `keys are ${[...new Set(all.map((each) => each.key))].join(', ')}`,
            exitCode: 2,
          });
        }
        output.json({
          file,
          settings: wanted.map((each) => (SECRET.test(each.key) ? { ...each, value: '***' } : each)),
        });
        output.text(`file: ${file ?? 'none (no barline.yaml here or above)'}\n`);
        output.text(
          textTable(
            [{ title: 'key' }, { title: 'value' }, { title: 'from' }],
            wanted.map((each) => [each.key, shown(each.key, each.value), each.origin]),
          ),
        );
        return 0;
      },
    },
  ],
};
