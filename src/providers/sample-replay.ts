/** Bars from local files, or from the bundled sample: no key, no network. */
import { BarlineError } from '../base/index.ts';
import type { Clock } from './clock.ts';
import { type BarPage, type BarProvider, type BarRequest, TIMEFRAMES, type VendorBar } from './provider.ts';
import { SAMPLE_ASSETS, type SampleAsset, sampleBars } from './sample-bars.ts';
import { gridCeil, gridFloor, TIMEFRAME_US } from './timeframe.ts';

const PAGE_BARS = 32_768;

/** The bundled sample: BTCUSD, ETHUSD and others, any span of the past, the same at every call. */
export function sampleReplay(clock: Clock): BarProvider {
  return {
    name: 'replay',
    isMock: true,
    origin: 'sample',
    timeframes: TIMEFRAMES,
    fetchBars: (request) => samplePages(sampleOf(request.asset), request, clock),
  };
}

async function* samplePages(
  sample: SampleAsset,
  { timeframe, fromUs, toUs, signal }: BarRequest,
  clock: Clock,
): AsyncGenerator<BarPage, void, undefined> {
  const barUs = TIMEFRAME_US[timeframe];
  const endUs = Math.min(gridCeil(toUs, barUs), gridFloor(clock.now() * 1000, barUs));
  let coveredToUs = fromUs;
  let bars: VendorBar[] = [];
  const page = (untilUs: number): BarPage => {
    const done = { bars, coveredFromUs: coveredToUs, coveredToUs: untilUs, sourceFile: 'sample' };
    bars = [];
    coveredToUs = untilUs;
    return done;
  };
  for (const bar of sampleBars(sample, timeframe, fromUs, endUs)) {
    bars.push(bar);
    if (bars.length < PAGE_BARS) continue;
    signal.throwIfAborted();
    yield page((bar.tsUs ?? endUs) + barUs);
  }
  signal.throwIfAborted();
  if (endUs > coveredToUs) yield page(endUs);
}

function sampleOf(asset: string): SampleAsset {
  const sample = SAMPLE_ASSETS.find((each) => each.asset === asset);
  if (sample !== undefined) return sample;
  throw new BarlineError({
    code: 'PROVIDER_UNKNOWN_ASSET',
    message: `replay: the bundled sample has no ${asset}; it has ${SAMPLE_ASSETS.map((each) => each.asset).join(', ')}.`,
    hint: 'name files of your own with --source, or another --provider',
    facts: { asset, known: SAMPLE_ASSETS.map((each) => each.asset) },
  });
}
