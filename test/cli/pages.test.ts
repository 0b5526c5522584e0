import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { commands, parsed, wordsOf } from './command-lines.ts';

const root = join(import.meta.dirname, '../..');
const pages = [
  ...['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md', 'test/conformance/README.md'],
  ...readdirSync(join(root, 'docs'), { recursive: true })
    .map(String)
    .filter((path) => path.endsWith('.md'))
    .map((path) => join('docs', path)),
];
const textOf = (page: string) => readFileSync(join(root, page), 'utf8');

/** Lines of the shell blocks that call barline. */
function commandLines(text: string): string[] {
  const blocks = [...text.matchAll(/^```(?:sh|console)\n(.*?)^```/gms)].map(([, block = '']) => block);
  const lines = blocks.flatMap((block) => block.split('\n')).map((line) => line.replace(/^\$ /, ''));
  return lines.filter((line) => /(^|\| )(npx |\.\/)?barline /.test(line));
}

test('the README shows the everyday commands', () => {
  const shown = commandLines(textOf('README.md')).map((line) => wordsOf(line).slice(0, 2).join(' '));
  for (const name of ['months run', 'table read', 'dbn convert']) expect(shown).toContain(name);
});

describe.each(pages)('%s', (page) => {
  test('names only commands and options that there are', async () => {
    for (const line of commandLines(textOf(page))) {
      const words = wordsOf(line);
      const command = commands.find(({ words: own }) => own.every((word, index) => words[index] === word));
      expect(command, line).toBeDefined();
      if (command !== undefined)
        expect(await parsed(command.spec, words.slice(command.words.length)), line).toBe(true);
    }
  });

  test('links to files that there are', () => {
    for (const [, target = ''] of textOf(page).matchAll(/\]\(([^)#]+)(?:#[^)]*)?\)/g)) {
      if (/^https?:/.test(target)) continue;
      expect(existsSync(join(root, dirname(page), target)), `${page} links to ${target}`).toBe(true);
    }
  });
});

test('the catalogue of other programs names every test that needs one', () => {
  const folder = join(root, 'test/conformance');
  const catalogue = readFileSync(join(folder, 'README.md'), 'utf8');
  const tests = readdirSync(folder).filter((name) => name.endsWith('.test.ts'));
  expect(tests.filter((name) => !catalogue.includes(`\`${name}\``))).toEqual([]);
});
