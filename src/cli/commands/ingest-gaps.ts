import { listOption } from '../arguments.ts';
import { type CommandSpec, option } from '../command.ts';
import {
  assetsOf,
  assetsOption,
  openLake,
  rangeOf,
  rangeOptions,
  timeframesOf,
  timeframesOption,
  timeOrNull,
  timeText,
} from '../ingest-request.ts';
import { formatCount, textTable } from '../text-table.ts';

export const gaps: CommandSpec = {
  name: 'gaps',
  summary: 'what is missing of each asset and timeframe',
  description:
    'Lists the spans for which no source was asked, and the bars that came but are dead letters; between the first bar of a stream and its last, or in the range given. What a source was asked for and does not have (a holiday, a quiet night) is no gap.',
  options: [
    assetsOption(),
    timeframesOption(),
    option('--provider <names>', 'only of these providers'),
    ...rangeOptions(),
  ],
  examples: [
    'barline ingest gaps',
    'barline ingest gaps --assets BTCUSD --timeframes 1m --json',
    'barline ingest gaps --from 2025-03-01 --provider coinbase',
  ],
  run: async (invocation, _args, options) => {
    const { findGaps } = await import('../../ingest/index.ts');
    const { TIMEFRAMES } = await import('../../providers/index.ts');
    const { output } = invocation;
    const { storage } = await openLake(invocation);
    const found = await findGaps({
      lake: storage,
      timeframes: (await timeframesOf(options)) ?? TIMEFRAMES,
      assets: await assetsOf(options),
      providers: listOption(options, 'provider'),
      range: await rangeOf(options, invocation.now()),
      now: invocation.now,
    });
    for (const { asset, timeframe, provider, fromUs, toUs, bars, reason } of found) {
      const [from, to] = [timeOrNull(fromUs), timeOrNull(toUs)];
      output.json({ asset, timeframe, provider, from, to, bars, reason });
    }
    if (found.length === 0) {
      output.text('no gaps');
      return 0;
    }
    output.text(
      textTable(
        [
          ...['asset', 'timeframe', 'provider', 'from', 'to'].map((title) => ({ title })),
          { title: 'bars', align: 'right' },
          { title: 'why' },
        ],
        found.map(({ asset, timeframe, provider, fromUs, toUs, bars, reason }) => [
          ...[asset, timeframe, provider, timeText(fromUs), timeText(toUs), formatCount(bars), reason],
        ]),
      ),
    );
    return 0;
  },
};
