/** docs/reference/configuration.md, from the schema that checks `barline.yaml`. */
import { z } from 'zod';
import { EXAMPLE_CONFIGURATION } from '../../src/cli/commands/init.ts';
import { ENVIRONMENT, settingsSchema } from '../../src/cli/configuration.ts';
import { code, codeBlock, markdownTable } from './markdown.ts';

const HEAD = `# Configuration

<!-- Made by \`npm run reference\` from the schema of the settings; a test compares. -->

\`barline.yaml\` is found upwards from the working directory, or named by \`--config FILE\`. A value comes from, the last
one winning: the default, the file, an environment variable, a flag. \`barline config show\` prints each value in force
and where it came from; \`barline init\` writes a commented file. No file is needed. A key that is not listed here, or a
value that does not fit, is an error (exit code 2) that names the file, the key, the value and what is allowed.

A change of \`instrument\`, \`session\`, \`contract\`, \`labels\` or of a definition they name makes the months made before
stale: the next \`barline months run\` makes them again. \`lake\`, \`source\` and \`run\` change no result.`;

/** What is read of a JSON Schema here. */
const nodeSchema = z.object({
  type: z.union([z.string(), z.array(z.string())]).optional(),
  description: z.string().optional(),
  default: z.unknown().optional(),
  defaultText: z.string().optional(),
  enum: z.array(z.string()).optional(),
  minimum: z.number().optional(),
  exclusiveMinimum: z.number().optional(),
  maximum: z.number().optional(),
  required: z.array(z.string()).optional(),
  get properties() {
    return z.record(z.string(), nodeSchema).optional();
  },
  const: z.unknown().optional(),
  get items() {
    // a pair has none beyond its two: false
    return nodeSchema.optional().catch(undefined);
  },
  get oneOf() {
    return z.array(nodeSchema).optional();
  },
  get additionalProperties() {
    return z.union([z.boolean(), nodeSchema]).optional();
  },
});
type Node = z.infer<typeof nodeSchema>;

export function configurationPage(): string {
  const root = nodeSchema.parse(z.toJSONSchema(settingsSchema, { io: 'input', unrepresentable: 'any' }));
  const keys = Object.entries(root.properties ?? {});
  const plain = keys.filter(([, node]) => !isRecord(node));
  const parts = [HEAD, '## Settings', settingsTable(plain.flatMap(([key, node]) => leaves(key, node)))];
  const modes = root.properties?.labels?.properties?.modes;
  if (modes?.items !== undefined) {
    parts.push(
      '## An entry of `labels.modes`',
      entryTable(modes.items),
      'The six of the default:',
      modeTable(modes),
    );
  }
  const sinks = root.properties?.alerts?.properties?.sinks?.items?.oneOf ?? [];
  parts.push('## An entry of `alerts.sinks`', ...sinks.flatMap(sinkParts));
  for (const [key, node] of keys.filter(([, each]) => isRecord(each))) {
    if (typeof node.additionalProperties !== 'object') continue;
    parts.push(`## An entry of \`${key}\``, node.description ?? '', entryTable(node.additionalProperties));
  }
  parts.push(
    '## Example',
    'What `barline init` writes:',
    codeBlock('yaml', [EXAMPLE_CONFIGURATION.trimEnd()]),
  );
  return `${parts.join('\n\n')}\n`;
}

function sinkParts(node: Node): string[] {
  const { type, ...properties } = node.properties ?? {};
  return [
    `With ${code(`type: ${String(type?.const)}`)}: ${type?.description ?? ''}`,
    entryTable({ ...node, properties }),
  ];
}

const isRecord = (node: Node) =>
  node.properties === undefined && typeof node.additionalProperties === 'object';

function leaves(key: string, node: Node): [string, Node][] {
  if (node.properties === undefined) return [[key, node]];
  return Object.entries(node.properties).flatMap(([name, child]) => leaves(`${key}.${name}`, child));
}

function settingsTable(settings: readonly [string, Node][]): string {
  const rows = settings.map(([key, node]) => [
    code(key),
    allowed(node),
    preset(node),
    ENVIRONMENT[key] === undefined ? '' : code(ENVIRONMENT[key]),
    node.description ?? '',
  ]);
  return markdownTable(['key', 'value', 'default', 'environment', 'means'], rows);
}

function entryTable(node: Node): string {
  const rows = Object.entries(node.properties ?? {}).map(([key, child]) => [
    code(key),
    allowed(child),
    node.required?.includes(key) ? 'must be given' : preset(child),
    child.description ?? '',
  ]);
  return markdownTable(['key', 'value', 'default', 'means'], rows);
}

function modeTable(modes: Node): string {
  const list = z.array(z.record(z.string(), z.union([z.string(), z.number()]))).parse(modes.default);
  const titles = Object.keys(list[0] ?? {});
  return markdownTable(
    titles,
    list.map((mode) => titles.map((title) => String(mode[title]))),
  );
}

function allowed(node: Node): string {
  if (node.enum !== undefined) return node.enum.map(code).join(', ');
  const types = [node.type ?? 'text'].flat().filter((type) => type !== 'null');
  const type = types.map((each) => TYPE_WORDS[each] ?? each).join(' or ');
  return `${type}${bounds(node)}`;
}

const TYPE_WORDS: Readonly<Record<string, string>> = {
  string: 'text',
  integer: 'whole number',
  boolean: '`true`, `false`',
  array: 'list',
  object: 'mapping',
};

function bounds({ minimum, exclusiveMinimum, maximum }: Node): string {
  const least =
    minimum !== undefined
      ? ` from ${minimum}`
      : exclusiveMinimum !== undefined
        ? ` above ${exclusiveMinimum}`
        : '';
  const most = maximum === undefined || maximum === Number.MAX_SAFE_INTEGER ? '' : ` to ${maximum}`;
  return `${least}${most}`;
}

function preset(node: Node): string {
  if (node.defaultText !== undefined) return node.defaultText;
  if (node.default === undefined) return '';
  if (Array.isArray(node.default) && node.default.some((item) => typeof item === 'object'))
    return 'six, below';
  return code(JSON.stringify(node.default));
}
