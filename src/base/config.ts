import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { ZodError, ZodType } from 'zod';
import { BarlineError, systemCode } from './errors.ts';
import { masked } from './masked.ts';

/** Where a value in force came from. */
export type Origin = 'default' | 'file' | 'environment' | 'flag';

export interface Configuration<T> {
  readonly value: T;
  /** The file read, or null when there is none. */
  readonly file: string | null;
  /** What the sources say, merged, as it is written there. */
  readonly given: Readonly<Record<string, unknown>>;
  /** Origin by dotted key, for every key that is not a default. */
  readonly origins: Readonly<Record<string, Origin>>;
}

export const CONFIG_FILE_NAME = 'barline.yaml';

/** The nearest `barline.yaml` from `directory` upwards, or null. */
export function findConfigFile(directory: string): string | null {
  for (let folder = resolve(directory); ; folder = dirname(folder)) {
    const file = join(folder, CONFIG_FILE_NAME);
    if (existsSync(file)) return file;
    if (dirname(folder) === folder) return null;
  }
}

type Tree = { [key: string]: unknown };

function isTree(value: unknown): value is Tree {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Sets `key` (dotted) in `tree`, making the branches it needs. */
function setKey(tree: Tree, key: string, value: unknown): void {
  const [head = '', ...rest] = key.split('.');
  if (rest.length === 0) {
    tree[head] = value;
    return;
  }
  const branch = tree[head];
  const next: Tree = isTree(branch) ? branch : {};
  tree[head] = next;
  setKey(next, rest.join('.'), value);
}

function recordLeaves(tree: Tree, origin: Origin, origins: Record<string, Origin>, prefix = ''): void {
  for (const [name, value] of Object.entries(tree)) {
    const key = prefix === '' ? name : `${prefix}.${name}`;
    if (isTree(value)) recordLeaves(value, origin, origins, key);
    else origins[key] = origin;
  }
}

async function readYaml(file: string): Promise<Tree> {
  // loaded only where there is a file to read: half of a short command's start-up otherwise
  const { parse } = await import('yaml');
  let text: string;
  try {
    if (statSync(file).isDirectory()) {
      throw configError(file, `${file} is a directory, expected a YAML file`);
    }
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if (error instanceof BarlineError) throw error;
    const code = systemCode(error);
    if (code === 'ENOENT') throw configError(file, `${file} does not exist`);
    throw configError(file, `${file} cannot be read (${code ?? 'unknown error'})`, error);
  }
  let tree: unknown;
  try {
    tree = parse(text);
  } catch (error) {
    const reason = error instanceof Error ? (error.message.split('\n')[0] ?? '') : '';
    throw configError(file, `${file} is not valid YAML: ${reason}`, error);
  }
  if (tree === null || tree === undefined) return {};
  if (!isTree(tree)) {
    const found = Array.isArray(tree) ? 'a list' : `a ${typeof tree}`;
    throw configError(file, `${file} must hold keys and values, found ${found}`);
  }
  return tree;
}

/** A section whose lines are all comments reads as null: it is as good as absent. */
function withoutEmptySections(tree: Tree, schema: ZodType): Tree {
  const defaults: unknown = schema.safeParse({}).data;
  const isEmptySection = ([key, value]: [string, unknown]) =>
    value === null && isTree(defaults) && isTree(defaults[key]);
  return Object.fromEntries(Object.entries(tree).filter((entry) => !isEmptySection(entry)));
}

function configError(file: string, message: string, cause?: unknown): BarlineError {
  return new BarlineError({
    code: 'CONFIG',
    message,
    hint: 'run `barline init` for a commented example, `barline config show` for what is in force',
    exitCode: 2,
    cause,
    facts: { file },
  });
}

/**
 * Reads, merges and validates a configuration: defaults of `schema`, then the file, then the environment, then
 * flags. `environment` and `flags` are keyed by dotted configuration key; undefined values are left out.
 * Throws a BarlineError (exit code 2) that names the key, the value and what is allowed.
 */
export async function loadConfiguration<T>(
  schema: ZodType<T>,
  sources: {
    readonly file: string | null;
    readonly environment?: Readonly<Record<string, unknown>>;
    readonly flags?: Readonly<Record<string, unknown>>;
  },
): Promise<Configuration<T>> {
  const origins: Record<string, Origin> = {};
  const tree: Tree = sources.file === null ? {} : withoutEmptySections(await readYaml(sources.file), schema);
  recordLeaves(tree, 'file', origins);
  for (const [origin, values] of [
    ['environment', sources.environment],
    ['flag', sources.flags],
  ] as const) {
    for (const [key, value] of Object.entries(values ?? {})) {
      if (value === undefined) continue;
      setKey(tree, key, value);
      origins[key] = origin;
    }
  }
  const result = schema.safeParse(tree);
  if (result.success) return { value: result.data, file: sources.file, given: tree, origins };
  throw await invalidConfiguration(schema, result.error.issues, tree, { file: sources.file, origins });
}

type Issue = ZodError['issues'][number];

/** The first issue as an error; an unknown key before all others, since it is often why another one is missing. */
async function invalidConfiguration(
  schema: ZodType,
  issues: readonly Issue[],
  tree: Tree,
  { file, origins }: { file: string | null; origins: Readonly<Record<string, Origin>> },
): Promise<BarlineError> {
  const issue = issues.find((each) => each.code === 'unrecognized_keys') ?? issues[0];
  const path = issue?.path ?? [];
  let key = path.join('.');
  let found: unknown = tree;
  for (const part of path)
    found = isTree(found) || Array.isArray(found) ? Reflect.get(found, part) : undefined;
  let reason = issue === undefined ? 'invalid' : reasonOf(issue, found);
  let allowed = knownNames(issue);
  if (issue?.code === 'unrecognized_keys') {
    key = [...path, issue.keys[0] ?? ''].join('.');
    allowed = await allowedKeys(schema, path);
    reason = `unknown key; allowed here: ${allowed.join(', ') || 'none'}`;
    found = undefined;
  }
  const origin = origins[key] ?? 'file';
  const where = origin === 'file' ? (file ?? 'configuration') : `the ${origin}`;
  found = masked(key, found);
  const value = found === undefined ? '' : ` = ${JSON.stringify(found)}`;
  return new BarlineError({
    code: 'CONFIG',
    message: `${where}: ${key}${value}: ${reason}`,
    hint: 'see `barline config show` for the keys in force and `barline init` for a commented example',
    exitCode: 2,
    facts: { key, found, reason, ...(allowed !== undefined && { allowed }) },
  });
}

/** What is allowed, in the words of the other errors. */
function reasonOf(issue: Issue, found: unknown): string {
  switch (issue.code) {
    case 'invalid_type':
      return found === undefined
        ? `must be given; expected ${typeWord(issue.expected)}`
        : `expected ${typeWord(issue.expected)}`;
    case 'invalid_value':
      return `expected ${issue.values.length > 1 ? 'one of ' : ''}${issue.values.map(String).join(', ')}`;
    case 'too_small':
      if (issue.origin === 'string' || issue.origin === 'array') return 'expected it not to be empty';
      return `expected ${issue.inclusive ? 'at least' : 'more than'} ${issue.minimum}`;
    case 'too_big':
      return `expected ${issue.inclusive ? 'at most' : 'less than'} ${issue.maximum}`;
    case 'invalid_key':
      return `the key ${String(issue.path.at(-1))}: ${issue.issues[0]?.message ?? 'invalid'}`;
    default:
      return issue.message;
  }
}

function typeWord(type: string): string {
  const words: Readonly<Record<string, string>> = {
    string: 'text',
    int: 'a whole number',
    number: 'a number',
    boolean: 'true or false',
    array: 'a list',
    object: 'keys and values',
    record: 'keys and values',
  };
  return words[type] ?? type;
}

/** Names that would do, where the value or a check of the schema lists them. */
function knownNames(issue: Issue | undefined): string[] | undefined {
  if (issue?.code === 'invalid_value') return issue.values.map(String);
  const known: unknown = issue?.code === 'custom' ? issue.params?.known : undefined;
  return Array.isArray(known) ? known.map(String) : undefined;
}

/** The keys a schema allows at `path`, from its JSON Schema. */
async function allowedKeys(schema: ZodType, path: readonly PropertyKey[]): Promise<string[]> {
  const { toJSONSchema } = await import('zod');
  let node: unknown = toJSONSchema(schema, { io: 'input', unrepresentable: 'any' });
  for (const part of path) {
    if (!isTree(node)) return [];
    const { properties, additionalProperties, items } = node;
    node = (isTree(properties) ? properties[String(part)] : undefined) ?? additionalProperties ?? items;
  }
  if (!isTree(node)) return [];
  // of one of several kinds, all that any of them knows
  const kinds = Array.isArray(node.oneOf) ? node.oneOf : [node];
  return [
    ...new Set(
      kinds.flatMap((kind) => (isTree(kind) && isTree(kind.properties) ? Object.keys(kind.properties) : [])),
    ),
  ];
}
