import { Command, Option } from 'commander';
import type { Output } from './output.ts';

/** The global options as commander gives them. */
export interface GlobalOptions {
  readonly lake?: string;
  readonly config?: string;
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly verbose?: boolean;
  readonly color?: boolean;
  readonly yes?: boolean;
}

/** What a command's code is given besides its own arguments and options. */
export interface Invocation {
  readonly output: Output;
  readonly globals: GlobalOptions;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly directory: string;
  readonly now: () => number;
  /** Aborted by the first Ctrl-C (or SIGTERM); long work stops at the next safe point. */
  readonly signal: AbortSignal;
}

export interface CommandSpec {
  readonly name: string;
  /** As commander writes it: `<file>`, `[table]`, `<files...>`. */
  readonly arguments?: readonly (readonly [syntax: string, description: string])[];
  readonly summary: string;
  readonly description?: string;
  readonly options?: readonly Option[];
  /** At least two, each a command line. */
  readonly examples: readonly string[];
  /** True: the work is worth doing to its end also when nobody reads the output any more (`| head`). */
  readonly keepsWorking?: boolean;
  /** Returns the exit code; nothing means 0. */
  readonly run: (
    invocation: Invocation,
    args: readonly (string | undefined)[],
    options: Readonly<Record<string, unknown>>,
  ) => Promise<number | undefined>;
}

/** A noun with verbs (`months run`); a command without verbs (`demo`) stands for itself. */
export interface NounSpec {
  readonly name: string;
  readonly summary: string;
  readonly verbs: readonly CommandSpec[];
  /** What the noun does without a verb (`barline ingest --days 7`). */
  readonly itself?: CommandSpec;
}

/** Every command of a noun with the words that call it. */
export function commandsOf(spec: NounSpec | CommandSpec): { words: string[]; spec: CommandSpec }[] {
  if (!('verbs' in spec)) return [{ words: [spec.name], spec }];
  const itself = spec.itself === undefined ? [] : [{ words: [spec.name], spec: spec.itself }];
  return [...itself, ...spec.verbs.map((verb) => ({ words: [spec.name, verb.name], spec: verb }))];
}

/** An option as one line of a table. */
export function option(flags: string, description: string, defaultValue?: unknown): Option {
  const built = new Option(flags, description);
  return defaultValue === undefined ? built : built.default(defaultValue);
}

/** An option that takes one of a few words. */
export function choice(
  flags: string,
  description: string,
  choices: readonly string[],
  defaultValue?: string,
): Option {
  return option(flags, description, defaultValue).choices(choices);
}

/** An option that may be given several times and collects its values. */
export function repeatable(flags: string, description: string): Option {
  return new Option(flags, description).argParser((value: string, previous: string[] | undefined) => [
    ...(previous ?? []),
    value,
  ]);
}

export function globalOptions(): Option[] {
  return [
    option('--lake <uri>', 'the lake: a folder or s3:// prefix in which each table is a Delta table'),
    option('--config <file>', 'configuration file instead of the nearest barline.yaml'),
    option('--json', 'one JSON document or JSON lines on stdout, nothing else there'),
    option('--quiet', 'no progress and no notes'),
    option('--verbose', 'more detail; errors with their causes'),
    option('--no-color', 'no colours (also NO_COLOR)'),
    option('--yes', 'answer every question with yes'),
  ];
}

/** The end of every help. */
export function examplesText(examples: readonly string[]): string {
  return `\nExamples:\n${examples.map((line) => `  $ ${line}`).join('\n')}`;
}

const GLOBAL_HEADING = 'Global options:';

/** Builds one leaf command with its help, examples and the global options. */
export function buildCommand(
  spec: CommandSpec,
  execute: (spec: CommandSpec, args: readonly (string | undefined)[], command: Command) => Promise<void>,
): Command {
  const command = new Command(spec.name).summary(spec.summary).description(spec.description ?? spec.summary);
  for (const [syntax, description] of spec.arguments ?? []) command.argument(syntax, description);
  for (const each of spec.options ?? []) command.addOption(each);
  command.optionsGroup(GLOBAL_HEADING);
  for (const each of globalOptions()) command.addOption(each);
  command.addHelpText('after', examplesText(spec.examples));
  command.showSuggestionAfterError(true).allowExcessArguments(false).exitOverride();
  command.action(async () => {
    await execute(spec, command.processedArgs.flat(), command);
  });
  return command;
}
