import { describe, expect, test } from 'vitest';
import { buildCommand, type CommandSpec } from '../../src/cli/command.ts';
import { nouns } from '../../src/cli/nouns.ts';
import { runCli } from './run-cli.ts';

const specs = await Promise.all(Object.values(nouns).map((load) => load()));

/** Every command with the words that call it. */
const commands = specs.flatMap((spec): { words: string[]; spec: CommandSpec }[] =>
  'verbs' in spec
    ? spec.verbs.map((verb) => ({ words: [spec.name, verb.name], spec: verb }))
    : [{ words: [spec.name], spec }],
);

/** The words after `barline` in one line of a POSIX shell: without pipes, redirections and comments. */
function wordsOf(line: string): string[] {
  const tokens = line.match(/"[^"]*"|'[^']*'|[|<>]|#.*|[^\s|<>]+/g) ?? [];
  const words: string[] = [];
  let inside = false;
  for (const token of tokens) {
    if (/^[|<>#]/.test(token)) {
      if (inside) break;
    } else if (inside) words.push(token.replace(/^(["'])(.*)\1$/s, '$2'));
    else inside = token === 'barline';
  }
  return words;
}

/** What the command's own parser makes of an example; commander throws what it refuses. */
async function parsed(spec: CommandSpec, words: readonly string[]): Promise<boolean> {
  let called = false;
  const command = buildCommand(spec, async () => {
    called = true;
  });
  command.configureOutput({ outputError: () => undefined, writeErr: () => undefined });
  await command.parseAsync([...words], { from: 'user' });
  return called;
}

describe.each(commands.map((each) => [each.words.join(' '), each] as const))(
  'the examples of barline %s',
  (_name, { words, spec }) => {
    test.each(spec.examples)('%s', async (line) => {
      const given = wordsOf(line);
      expect(given.slice(0, words.length)).toEqual(words);
      expect(await parsed(spec, given.slice(words.length))).toBe(true);
    });

    test('an example with a misspelt flag would be found', async () => {
      await expect(parsed(spec, ['--no-such-flag', 'a', 'b'])).rejects.toThrow(
        /no-such-flag|required option/,
      );
    });
  },
);

const heads = [[], ...specs.filter((spec) => 'verbs' in spec).map((spec) => [spec.name])];

test.each(heads.map((words) => [['barline', ...words].join(' '), words] as const))(
  '%s --help ends with at least two examples',
  async (_name, words) => {
    const { code, stdout, stderr } = await runCli([...words, '--help']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const [, examples = ''] = stdout.split('\nExamples:\n');
    expect(examples.match(/^ {2}\$ barline /gm)?.length).toBeGreaterThanOrEqual(2);
  },
);

test.each([
  [['mnths', 'run'], 'did you mean months?'],
  [['months', 'rnu'], 'did you mean run?'],
  [['months', 'run', '--forse'], 'did you mean --force?'],
  [['nonsense'], 'see `barline --help`'],
  [['--lake', 'x', 'table', 'nonsense', 'y'], 'see `barline table --help`'],
  [['sql'], 'see `barline sql --help`'],
  [['process', 'bars.csv', 'more.csv', '--output', 'x.parquet'], 'see `barline process --help`'],
])('%j is wrong usage; the hint: %s', async (words, hint) => {
  const { code, stdout, stderr } = await runCli(words);
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  expect(stderr).toMatch(/^error\[USAGE\]: /);
  expect(stderr.split('\n').slice(1)).toEqual([`hint: ${hint}`, '']);
});
