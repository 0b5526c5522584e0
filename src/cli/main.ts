import { constants } from 'node:os';
import { Command, CommanderError } from 'commander';
import { usageError, VERSION } from '../base/index.ts';
import { type OutputWatch, watchOutput } from './closed-output.ts';
import {
  buildCommand,
  type CommandSpec,
  examplesText,
  type GlobalOptions,
  globalOptions,
  type Invocation,
  type NounSpec,
} from './command.ts';
import { nouns } from './nouns.ts';
import { asBarlineError, Output } from './output.ts';

/** Runs one command line and ends the process with its exit code. */
export async function main(argv: readonly string[]): Promise<void> {
  const watch = watchOutput((error) => plainOutput(argv).error(error));
  const code = await run(argv, watch);
  // written output first: stdout may be a pipe that drains slowly
  await Promise.all([process.stdout, process.stderr].map((stream) => flushed(stream)));
  process.exit(watch.exitCode(code));
}

const EXAMPLES = [
  'barline demo',
  'barline months run --source data --lake lake',
  'barline table read training_bars --lake lake --limit 5',
];

function flushed(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => {
    if (stream.writableLength === 0) resolve();
    else stream.write('', () => resolve());
  });
}

async function run(argv: readonly string[], watch: OutputWatch): Promise<number> {
  const program = new Command('barline')
    .description('Raw market bars in, training-ready, versioned, trustworthy datasets out.')
    .version(VERSION, '--version', 'print the version')
    .helpOption('-h, --help', 'help for a command')
    .showSuggestionAfterError(true)
    .exitOverride();
  program.configureOutput({ outputError: () => {} });
  for (const each of globalOptions()) program.addOption(each);
  program.addHelpText('after', examplesText(EXAMPLES));
  let exitCode = 0;
  const execute = async (spec: CommandSpec, args: readonly (string | undefined)[], command: Command) => {
    if (spec.keepsWorking === true) watch.keepWorking();
    exitCode = await invoke(spec, args, command);
  };
  const named = Object.keys(nouns).filter((name) => argv.includes(name));
  const wanted = named.length > 0 && argv[0] !== 'help' ? named : Object.keys(nouns);
  for (const spec of await Promise.all(wanted.map((name) => nouns[name]?.()))) {
    if (spec !== undefined) program.addCommand(buildNoun(spec, execute));
  }
  try {
    if (argv.length === 0) program.help();
    await program.parseAsync([...argv], { from: 'user' });
    return exitCode;
  } catch (error) {
    return report(error, argv, program);
  }
}

function buildNoun(spec: NounSpec | CommandSpec, execute: Parameters<typeof buildCommand>[1]): Command {
  if (!('verbs' in spec)) return quiet(buildCommand(spec, execute));
  const noun = spec.itself === undefined ? headOf(spec) : buildCommand(spec.itself, execute);
  for (const verb of spec.verbs) noun.addCommand(quiet(buildCommand(verb, execute)));
  return quiet(noun);
}

function headOf(spec: NounSpec): Command {
  const noun = new Command(spec.name).summary(spec.summary).description(spec.summary).exitOverride();
  noun.showSuggestionAfterError(true);
  return noun.addHelpText('after', examplesText(nounExamples(spec)));
}

/** The first example of each verb, or all of a single one. */
function nounExamples({ verbs }: NounSpec): string[] {
  return verbs.flatMap(({ examples }) => (verbs.length === 1 ? examples : examples.slice(0, 1)));
}

function quiet(command: Command): Command {
  return command.configureOutput({ outputError: () => {} });
}

async function invoke(
  spec: CommandSpec,
  args: readonly (string | undefined)[],
  command: Command,
): Promise<number> {
  const options: GlobalOptions & Record<string, unknown> = command.optsWithGlobals();
  const output = new Output({
    json: options.json === true,
    quiet: options.quiet === true,
    verbose: options.verbose === true,
    color: options.color !== false && !process.env.NO_COLOR && process.stderr.isTTY === true,
    interactive: process.stderr.isTTY === true && options.quiet !== true && options.json !== true,
  });
  const abort = new AbortController();
  let interruptedBy: NodeJS.Signals | undefined;
  const interrupt = (signal: NodeJS.Signals) => {
    // a second Ctrl-C means now: the lake is whole at any moment
    if (interruptedBy !== undefined) process.exit(130);
    interruptedBy = signal;
    output.note('\ninterrupted: finishing what is being committed (again to stop at once)');
    abort.abort();
  };
  process.on('SIGINT', interrupt);
  process.on('SIGTERM', interrupt);
  const invocation: Invocation = {
    output,
    globals: options,
    environment: process.env,
    directory: process.cwd(),
    now: Date.now,
    signal: abort.signal,
  };
  try {
    const code = (await spec.run(invocation, args, options)) ?? 0;
    if (interruptedBy === undefined) return code;
  } catch (error) {
    if (interruptedBy === undefined) {
      const known = asBarlineError(error);
      output.error(known);
      return known.exitCode;
    }
  } finally {
    process.off('SIGINT', interrupt);
    process.off('SIGTERM', interrupt);
  }
  return 128 + constants.signals[interruptedBy];
}

/** What commander itself found wrong (or help and version, which are no errors). */
function report(error: unknown, argv: readonly string[], program: Command): number {
  if (error instanceof CommanderError && error.exitCode === 0) return 0;
  if (error instanceof CommanderError && error.code === 'commander.help') return 2;
  const output = plainOutput(argv);
  if (error instanceof CommanderError) {
    const [message = '', suggestion] = error.message.replace(/^error: /, '').split('\n');
    const hint =
      suggestion?.replace(/[()]/g, '').replace(/^Did/, 'did') ?? `see \`${helpFor(argv, program)}\``;
    output.error(usageError(message, hint));
    return 2;
  }
  const known = asBarlineError(error);
  output.error(known);
  return known.exitCode;
}

/** The narrowest help there is for a command line. */
function helpFor(argv: readonly string[], program: Command): string {
  const noun = program.commands.find((each) => argv.includes(each.name()) && each.name() !== 'help');
  const verb = noun?.commands.find((each) => argv.includes(each.name()));
  const words = [noun?.name(), verb?.name()].filter((word) => word !== undefined);
  return ['barline', ...words, '--help'].join(' ');
}

/** Output by the command line alone, before or after its options are read. */
function plainOutput(argv: readonly string[]): Output {
  return new Output({
    json: argv.includes('--json'),
    quiet: false,
    verbose: argv.includes('--verbose'),
    color: false,
    interactive: false,
  });
}
