/** Which dead letters a command is about. */
import type { DeadLetter, DeadLetterContext } from '../quality/index.ts';
import { listOption } from './arguments.ts';
import { type Invocation, option } from './command.ts';
import { assetsOf, assetsOption, openLake, timeframesOf, timeframesOption } from './ingest-request.ts';

type Options = Readonly<Record<string, unknown>>;

export const LETTER: readonly [string, string] = ['<id>', 'its id, as `barline dlq list` shows it'];
export const LETTERS: readonly [string, string] = [
  '[ids...]',
  'their ids (default: all that the options choose)',
];

export const FILTERS = [
  assetsOption(),
  timeframesOption(),
  option('--provider <names>', 'only of these providers'),
];

export async function openDeadLetters(invocation: Invocation) {
  const { DeadLetters } = await import('../quality/index.ts');
  const { storage } = await openLake(invocation);
  return new DeadLetters(storage, invocation.now);
}

/** Oldest first; those of the ids given, or all that the options choose. */
export async function* chosenLetters(
  invocation: Invocation,
  options: Options,
  ids: readonly (string | undefined)[] = [],
): AsyncGenerator<DeadLetter> {
  const letters = await openDeadLetters(invocation);
  const wanted = ids.filter((id) => id !== undefined);
  if (wanted.length > 0) {
    for (const id of wanted) yield await letters.find(id);
    return;
  }
  const [assets, timeframes, providers] = [
    await assetsOf(options),
    await timeframesOf(options),
    listOption(options, 'provider'),
  ];
  const meets = (names: readonly string[] | undefined, value: string | number | undefined) =>
    names === undefined || (value !== undefined && names.includes(String(value)));
  for await (const letter of letters.all()) {
    const { asset_pair, timeframe, provider } = letter.context;
    if (meets(assets, asset_pair) && meets(timeframes, timeframe) && meets(providers, provider)) yield letter;
  }
}

/** `BTCUSD 1m coinbase`, or what else the context tells. */
export function streamText(context: DeadLetterContext): string {
  return Object.values(context).join(' ');
}
