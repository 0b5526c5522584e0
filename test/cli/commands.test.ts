import { describe, expect, test } from 'vitest';
import { commands } from './command-lines.ts';
import { runCli } from './run-cli.ts';

describe.concurrent.each(commands.map((each) => [each.words.join(' '), each] as const))(
  'barline %s',
  (name, { words, spec }) => {
    test('has a summary and at least two examples of itself', () => {
      expect(spec.summary).not.toBe('');
      const own = spec.examples.filter((line) => line.includes(`barline ${name}`));
      expect(own.length).toBeGreaterThanOrEqual(2);
    });

    test('--help prints them, the options and the global options, and exits with 0', async () => {
      const { code, stdout, stderr } = await runCli([...words, '--help']);
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      for (const line of [...spec.examples, ...(spec.options ?? []).map((option) => option.flags)]) {
        expect(stdout).toContain(line);
      }
      expect(stdout).toContain('Global options:');
      expect(stdout).toContain('--lake <uri>');
    });

    test('a wrong flag is one line, a hint and exit code 2', async () => {
      const { code, stdout, stderr } = await runCli([...words, '--no-such-flag']);
      expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
      // commander looks for required options first
      expect(stderr).toMatch(/^error\[USAGE\]: .*(--no-such-flag|required option).*\nhint: .*\n$/);
    });
  },
);
