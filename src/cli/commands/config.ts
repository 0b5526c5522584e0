import { BarlineError, masked } from '../../base/index.ts';
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

/** `a.b.c` as `a`, `a.b`, `a.b.c`. */
function prefixesOf(key: string): string[] {
  const parts = key.split('.');
  return parts.map((_, index) => parts.slice(0, index + 1).join('.'));
}

/** A list takes a line an entry. */
function shownLines(value: unknown): string[] {
  if (!Array.isArray(value)) return [JSON.stringify(value)];
  return value.length === 0 ? ['[]'] : value.map((item) => `- ${JSON.stringify(item)}`);
}

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
        const { value, given, origins, file } = configuration;
        const resolved = {
          ...value,
          // own definitions as their author wrote them
          instruments: given.instruments ?? {},
          sessions: given.sessions ?? {},
          calendars: given.calendars ?? {},
          lake: locate(value.lake, configuration, 'lake', invocation.directory),
          source: locate(value.source, configuration, 'source', invocation.directory),
        };
        const all = flatten(resolved).map(([name, item]) => {
          const origin = Object.entries(origins).find(([k]) => k === name || k.startsWith(`${name}.`))?.[1];
          return { key: name, value: masked(name, item), origin: origin ?? 'default' };
        });
        const wanted = all.filter(
          (each) => key === undefined || each.key === key || each.key.startsWith(`${key}.`),
        );
        if (wanted.length === 0) {
          const { nearNamesHint } = await import('../../query/index.ts');
          throw new BarlineError({
            code: 'CONFIG',
            message: `no configuration key ${key}`,
            hint: nearNamesHint(key ?? '', [...new Set(all.flatMap((each) => prefixesOf(each.key)))], 'keys'),
            exitCode: 2,
          });
        }
        output.json({ file, settings: wanted });
        output.text(`file: ${file ?? 'none (no barline.yaml here or above)'}\n`);
        output.text(
          textTable(
            [{ title: 'key' }, { title: 'value' }, { title: 'from' }],
            wanted.flatMap(({ key: name, value: item, origin }) =>
              shownLines(item).map((line, index) => (index === 0 ? [name, line, origin] : ['', line, ''])),
            ),
          ),
        );
        return 0;
      },
    },
  ],
};
