/** Command lines as they stand in help texts and pages, and whether the commands would take them. */
import { buildCommand, type CommandSpec, commandsOf } from '../../src/cli/command.ts';
import { nouns } from '../../src/cli/nouns.ts';

export const specs = await Promise.all(Object.values(nouns).map((load) => load()));

/** Every command with the words that call it. */
export const commands = specs
  .flatMap(commandsOf)
  // `ingest gaps` before `ingest`, so that a line is told by its longest name
  .sort((a, b) => b.words.length - a.words.length);

/** The words after `barline` in one line of a POSIX shell: without pipes, redirections and comments. */
export function wordsOf(line: string): string[] {
  const tokens = line.match(/[|<>]|#.*|(?:"[^"]*"|'[^']*'|[^\s|<>"'])+/g) ?? [];
  const words: string[] = [];
  let inside = false;
  for (const token of tokens) {
    if (/^[|<>#]/.test(token)) {
      if (inside) break;
    } else if (inside) words.push(token.replace(/"([^"]*)"|'([^']*)'/g, '$1$2'));
    else inside = token === 'barline';
  }
  return words;
}

/** What the command's own parser makes of an example; commander throws what it refuses. */
export async function parsed(spec: CommandSpec, words: readonly string[]): Promise<boolean> {
  let called = false;
  const command = buildCommand(spec, async () => {
    called = true;
  });
  command.configureOutput({ outputError: () => undefined, writeErr: () => undefined });
  await command.parseAsync([...words], { from: 'user' });
  return called;
}
