import { usageError } from '../../base/index.ts';
import { listOption, textOption } from '../arguments.ts';
import { type CommandSpec, choice, option } from '../command.ts';
import { assetsOf, assetsOption, openLake, timeOrNull, timeText } from '../ingest-request.ts';
import { formatCount, textTable } from '../text-table.ts';

export const compare: CommandSpec = {
  name: 'compare',
  summary: 'one day of two vendors side by side',
  description:
    'Shows the bars of a day as two providers gave them: every time at which one of them has a bar, with the distance of their closes in basis points. Of corrected bars the newest revision counts.',
  options: [
    option('--providers <a,b>', 'two providers'),
    option('--date <day>', 'the day, UTC, e.g. 2025-03-01'),
    assetsOption(),
    choice('--timeframe <name>', 'length of the bars', ['1m', '5m', '15m', '1h', '4h', '1d'], '1h'),
    option('--differences', 'only bars that are not equal'),
  ],
  examples: [
    'barline ingest compare --providers coinbase,ccxt:kraken --date 2025-03-01 --assets BTCUSD',
    'barline ingest compare --providers coinbase,replay --date 2025-03-01 --assets BTCUSD --timeframe 1m --differences --json',
  ],
  run: async (invocation, _args, options) => {
    const { compareDay } = await import('../../ingest/index.ts');
    const { timestampUs } = await import('../../bars/index.ts');
    const { TIMEFRAMES } = await import('../../providers/index.ts');
    const { output } = invocation;
    const [first, second, ...more] = listOption(options, 'providers') ?? [];
    if (first === undefined || second === undefined || more.length > 0) {
      throw usageError('which two providers?', 'e.g. --providers coinbase,ccxt:kraken');
    }
    const date = textOption(options, 'date') ?? '';
    const dayUs = /^\d{4}-\d\d-\d\d$/.test(date) ? timestampUs(date) : undefined;
    if (dayUs === undefined)
      throw usageError(`--date ${JSON.stringify(date)} is no day`, 'e.g. --date 2025-03-01');
    const assets = await assetsOf(options);
    if (assets === undefined) throw usageError('which assets?', 'e.g. --assets BTCUSD');
    const timeframe = TIMEFRAMES.find((each) => each === options.timeframe) ?? '1h';
    const { storage } = await openLake(invocation);
    let anyBar = false;
    for (const asset of assets) {
      const bars = await compareDay({ lake: storage, providers: [first, second], asset, timeframe, dayUs });
      anyBar ||= bars.length > 0;
      const shown = options.differences === true ? bars.filter(({ isEqual }) => !isEqual) : bars;
      for (const { tsUs, bars: pair, closeBps, isEqual } of shown) {
        const [a, b] = pair;
        const timestamp = timeOrNull(tsUs);
        output.json({
          asset,
          timeframe,
          timestamp,
          [first]: a,
          [second]: b,
          close_bps: closeBps,
          equal: isEqual,
        });
      }
      output.text(comparison(asset, [first, second], bars, shown));
    }
    if (anyBar) return 0;
    output.note(`neither ${first} nor ${second} has bars of ${timeframe} on ${date}`);
    return 1;
  },
};

type Bars = Awaited<ReturnType<typeof import('../../ingest/index.ts')['compareDay']>>;

function comparison(asset: string, names: readonly [string, string], bars: Bars, shown: Bars): string {
  const price = (value: number | undefined) => (value === undefined ? '-' : String(value));
  const right = (title: string) => ({ title, align: 'right' as const });
  const columns = [
    { title: asset },
    ...names.flatMap((name) => [right(`${name} close`), right('volume')]),
    right('bp'),
  ];
  const rows = shown.map(({ tsUs, bars: [a, b], closeBps }) => [
    timeText(tsUs),
    ...[price(a?.close), price(a?.volume), price(b?.close), price(b?.volume)],
    closeBps === null ? '-' : closeBps.toFixed(2),
  ]);
  const both = bars.filter(({ bars: [a, b] }) => a !== null && b !== null).length;
  const equal = bars.filter(({ isEqual }) => isEqual).length;
  const only = (side: 0 | 1) => bars.filter(({ bars: pair }) => pair[1 - side] === null).length;
  const widest = bars.reduce((most, { closeBps }) => Math.max(most, Math.abs(closeBps ?? 0)), 0);
  return `${textTable(columns, rows)}
${formatCount(both)} in both, ${formatCount(equal)} of them equal; ${formatCount(only(0))} only of ${names[0]}, ${formatCount(only(1))} only of ${names[1]}; closes at most ${widest.toFixed(2)} bp apart`;
}
