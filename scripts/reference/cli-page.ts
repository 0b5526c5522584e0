/** docs/reference/cli.md, from the definitions that `--help` is made of. */
import type { Option } from 'commander';
import { type CommandSpec, commandsOf, globalOptions } from '../../src/cli/command.ts';
import { nouns } from '../../src/cli/nouns.ts';
import { code, codeBlock, markdownTable } from './markdown.ts';

const HEAD = `# Commands

<!-- Made by \`npm run reference\` from the definitions of the commands; a test compares. -->

Results go to stdout, progress and notes to stderr. A closed pipe (\`| head\`) ends a command quietly. What \`--json\`
prints is described in [json.md](json.md), what \`barline.yaml\` may hold in [configuration.md](configuration.md).

| exit code | meaning |
|---|---|
| 0 | done and good |
| 1 | something failed; stderr says what and what to do |
| 2 | wrong usage or configuration |
| 130 | interrupted by Ctrl-C (143: by SIGTERM); the lake is whole |

An error is a line \`error[CODE]: what is wrong and where\` and a line \`hint: what to do\`.`;

export async function cliPage(): Promise<string> {
  const specs = await Promise.all(Object.values(nouns).map((load) => load()));
  const commands = specs.flatMap((each) =>
    commandsOf(each).map(({ words, spec }) => ({ name: words.join(' '), spec })),
  );
  const overview = markdownTable(
    ['command', 'does'],
    commands.map(({ name, spec }) => [
      `[${code(name)}](#barline-${name.replaceAll(' ', '-')})`,
      spec.summary,
    ]),
  );
  const sections = [
    HEAD,
    overview,
    '## Options of every command',
    optionTable(globalOptions()),
    ...commands.map(({ name, spec }) => commandSection(name, spec)),
  ];
  return `${sections.join('\n\n')}\n`;
}

function commandSection(name: string, spec: CommandSpec): string {
  const words = ['barline', name, ...(spec.arguments ?? []).map(([syntax]) => syntax)];
  const usage = [...words, ...((spec.options ?? []).length > 0 ? ['[options]'] : [])].join(' ');
  const parts = [
    `## barline ${name}`,
    sentence(spec.description ?? spec.summary),
    codeBlock('text', [usage]),
  ];
  if (spec.arguments !== undefined) {
    parts.push(
      markdownTable(
        ['argument', 'is'],
        spec.arguments.map(([syntax, text]) => [code(syntax), text]),
      ),
    );
  }
  if (spec.options !== undefined && spec.options.length > 0) parts.push(optionTable(spec.options));
  parts.push(codeBlock('sh', spec.examples));
  return parts.join('\n\n');
}

function optionTable(options: readonly Option[]): string {
  const rows = options.map((option) => [
    code(option.flags),
    option.description,
    allowed(option),
    preset(option),
  ]);
  const columns = [['option', 'means', 'one of', 'default'], ...rows];
  // a column that says nothing is left out
  const kept = [0, 1, 2, 3].filter((index) => index < 2 || rows.some((row) => row[index] !== ''));
  const [titles = [], ...body] = columns.map((row) => kept.map((index) => row[index] ?? ''));
  return markdownTable(titles, body);
}

const allowed = (option: Option) => (option.argChoices ?? []).map(code).join(', ');

function preset(option: Option): string {
  if (option.mandatory) return 'must be given';
  return option.defaultValue === undefined ? '' : code(String(option.defaultValue));
}

function sentence(text: string): string {
  const start = `${text.slice(0, 1).toUpperCase()}${text.slice(1)}`;
  return /[.!?]$/.test(start) ? start : `${start}.`;
}
