/** Whether a provider answers: one small request. */
import { BarlineError } from '../base/index.ts';
import { memoryCircuits } from './circuit-store.ts';
import { databentoClient, openProvider, type ProviderWorld } from './open.ts';
import { TIMEFRAME_US } from './timeframe.ts';

export interface ProviderCheck {
  readonly ok: boolean;
  readonly error: { readonly code: string; readonly message: string } | null;
  readonly seconds: number;
}

/** What each provider is asked for; others for BTCUSD. */
const ASSETS: Readonly<Record<string, string>> = { oanda: 'EURUSD', alpha_vantage: 'EURUSD' };

/**
 * Asks a provider for the last days of a common asset (Databento for its datasets, which is free), once and whatever
 * its circuit says. An exchange that has no such market has answered all the same.
 */
export async function checkProvider(
  name: string,
  world: ProviderWorld,
  signal: AbortSignal,
): Promise<ProviderCheck> {
  const { clock } = world;
  const startMs = clock.now();
  const once: ProviderWorld = { ...world, circuits: memoryCircuits(), retryDelaysMs: [] };
  let error: BarlineError | null = null;
  try {
    await (name === 'databento' ? askDataset(once, signal) : askBars(name, once, signal));
  } catch (thrown) {
    if (!(thrown instanceof BarlineError)) throw thrown;
    if (thrown.code !== 'PROVIDER_UNKNOWN_ASSET') error = thrown;
  }
  const seconds = (clock.now() - startMs) / 1000;
  return { ok: error === null, error: error && { code: error.code, message: error.message }, seconds };
}

async function askBars(name: string, world: ProviderWorld, signal: AbortSignal): Promise<void> {
  const provider = await openProvider(name, world);
  const timeframe = provider.timeframes.includes('1d') ? '1d' : (provider.timeframes.at(-1) ?? '1d');
  const toUs = world.clock.now() * 1000;
  const fromUs = toUs - 4 * TIMEFRAME_US[timeframe];
  const asset = ASSETS[name] ?? 'BTCUSD';
  for await (const _ of provider.fetchBars({ asset, timeframe, fromUs, toUs, signal })) return;
}

async function askDataset(world: ProviderWorld, signal: AbortSignal): Promise<void> {
  await databentoClient(world).json({ path: '/v0/metadata.list_datasets', signal });
}
