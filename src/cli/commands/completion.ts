import { usageError } from '../../base/index.ts';
import { type CommandSpec, commandsOf, globalOptions, type NounSpec } from '../command.ts';
import { nouns } from '../nouns.ts';

const SHELLS = ['bash', 'zsh', 'fish'];

export const completion: CommandSpec = {
  name: 'completion',
  summary: 'print a completion script for a shell',
  arguments: [['<shell>', `one of ${SHELLS.join(', ')}`]],
  examples: [
    'barline completion bash > ~/.local/share/bash-completion/completions/barline',
    'barline completion fish > ~/.config/fish/completions/barline.fish',
  ],
  run: async ({ output }, [shell = '']) => {
    const specs = await Promise.all(Object.values(nouns).map((load) => load()));
    if (!SHELLS.includes(shell)) {
      throw usageError(`no completion for ${JSON.stringify(shell)}: expected ${SHELLS.join(', ')}`);
    }
    await output.raw(shell === 'bash' ? bash(specs) : shell === 'zsh' ? zsh(specs) : fish(specs));
    return 0;
  },
};

type Spec = NounSpec | CommandSpec;

const verbsOf = (spec: Spec): readonly CommandSpec[] => ('verbs' in spec ? spec.verbs : []);

const flagsOf = (spec: CommandSpec): string[] =>
  (spec.options ?? []).map((option) => option.long ?? option.flags);

/** Of a noun that does something without a verb. */
const ownFlags = ({ itself }: NounSpec): string[] => (itself === undefined ? [] : flagsOf(itself));

const GLOBAL_FLAGS = [...globalOptions().map((each) => each.long ?? each.flags), '--help'];

function bash(specs: readonly Spec[]): string {
  const cases = specs.flatMap((spec) => {
    if (!('verbs' in spec)) return [`    "${spec.name} "*) words="${flagsOf(spec).join(' ')} $globals" ;;`];
    return [
      ...spec.verbs.map(
        (verb) => `    "${spec.name} ${verb.name}") words="${flagsOf(verb).join(' ')} $globals" ;;`,
      ),
      `    "${spec.name} "*) words="${[...spec.verbs.map((verb) => verb.name), ...ownFlags(spec)].join(' ')}" ;;`,
    ];
  });
  return `_barline() {
  local current=\${COMP_WORDS[COMP_CWORD]} globals="${GLOBAL_FLAGS.join(' ')}" words
  case "\${COMP_WORDS[1]} \${COMP_WORDS[2]}" in
${cases.join('\n')}
    *) words="${specs.map((spec) => spec.name).join(' ')}" ;;
  esac
  if [ "$COMP_CWORD" -eq 1 ]; then words="${specs.map((spec) => spec.name).join(' ')}"; fi
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o default -F _barline barline
`;
}

function zsh(specs: readonly Spec[]): string {
  return `#compdef barline
autoload -U +X bashcompinit && bashcompinit
${bash(specs)}`;
}

function fish(specs: readonly Spec[]): string {
  const quote = (text: string) => `'${text.replaceAll("'", "\\'")}'`;
  const lines = ['complete -c barline -f -n __fish_use_subcommand'];
  for (const spec of specs) {
    lines.push(`complete -c barline -n __fish_use_subcommand -a ${spec.name} -d ${quote(spec.summary)}`);
    const seen = `__fish_seen_subcommand_from ${spec.name}`;
    for (const verb of verbsOf(spec)) {
      lines.push(`complete -c barline -n ${quote(seen)} -a ${verb.name} -d ${quote(verb.summary)}`);
    }
    for (const { words, spec: command } of commandsOf(spec)) {
      const where = words.length === 1 ? seen : `${seen}; and __fish_seen_subcommand_from ${command.name}`;
      for (const flag of flagsOf(command)) {
        lines.push(`complete -c barline -n ${quote(where)} -l ${flag.replace(/^--/, '')}`);
      }
    }
  }
  return `${lines.join('\n')}\n`;
}
