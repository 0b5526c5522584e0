import { describe, expect, test } from 'vitest';
import { commands, parsed, specs, wordsOf } from './command-lines.ts';
import { runCli } from './run-cli.ts';

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
