/** Providers by name. */
import { BarlineError, usageError } from '../base/index.ts';
import { alphaVantage } from './alpha-vantage.ts';
import { Circuit, type CircuitStore } from './circuit.ts';
import type { Clock } from './clock.ts';
import { coinbase } from './coinbase.ts';
import { HttpClient, type ProviderEvent } from './http.ts';
import { oanda } from './oanda.ts';
import type { BarProvider } from './provider.ts';
import { RateLimit } from './rate-limit.ts';
import { fileReplay } from './replay-files.ts';
import { sampleReplay } from './sample-replay.ts';
import { Secrets } from './secrets.ts';
import {
  PROVIDER_FACTS,
  type ProviderFacts,
  type ProviderSettings,
  type ProvidersSettings,
} from './settings.ts';

/** What providers need of the world around them. */
export interface ProviderWorld {
  readonly settings: ProvidersSettings;
  /** Where keys come from. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  readonly circuits: CircuitStore;
  /** `replay`: the file or folder with bars; null for the bundled sample. */
  readonly replaySource?: string | null;
  readonly onEvent?: (event: ProviderEvent) => void;
}

const DEFAULT_TIMEOUT_SECONDS = 30;

/**
 * A provider by its name, e.g. `coinbase` or `ccxt:kraken`; asks nothing yet. Throws a usage error for a name that is
 * none, and PROVIDER_NO_KEY where the environment lacks the key it needs.
 */
export async function openProvider(name: string, world: ProviderWorld): Promise<BarProvider> {
  const facts = factsOf(name);
  const settings = world.settings[name] ?? {};
  switch (facts.name) {
    case 'alpha_vantage': {
      const key = requiredKey(facts, world.environment);
      return alphaVantage(clientOf(facts, settings, world, { key }), settings, key);
    }
    case 'oanda': {
      const key = requiredKey(facts, world.environment);
      const headers = { authorization: `Bearer ${key}` };
      return oanda(clientOf(facts, settings, world, { key, headers }), settings);
    }
    case 'coinbase':
      return coinbase(clientOf(facts, settings, world), settings);
    case 'replay':
      return world.replaySource === undefined || world.replaySource === null
        ? sampleReplay(world.clock)
        : fileReplay(world.replaySource, world.clock);
    default:
      throw usageError(`${name} is not built in yet.`);
  }
}

/** What is known of a provider by its name; throws a usage error for a name that is none. */
export function factsOf(name: string): ProviderFacts {
  const facts = PROVIDER_FACTS.find((each) => each.name === name);
  if (facts !== undefined) return facts;
  const names = PROVIDER_FACTS.map((each) => each.name);
  throw usageError(
    `there is no provider ${name}; there are ${names.join(', ')} and ccxt:EXCHANGE.`,
    undefined,
    {
      provider: name,
      known: names,
    },
  );
}

/** The key of a provider as the environment has it, without white space around it. */
export function keyOf(facts: ProviderFacts, environment: ProviderWorld['environment']): string | undefined {
  if (facts.keyVariable === null) return undefined;
  const key = environment[facts.keyVariable]?.trim();
  return key === '' ? undefined : key;
}

export function requiredKey(facts: ProviderFacts, environment: ProviderWorld['environment']): string {
  const key = keyOf(facts, environment);
  // fetch would refuse other characters with an error that quotes them
  if (key !== undefined && /^[\x21-\x7e]+$/.test(key)) return key;
  const variable = facts.keyVariable ?? '';
  throw new BarlineError({
    code: 'PROVIDER_NO_KEY',
    message: `${facts.name}: ${variable} ${key === undefined ? 'is not set' : 'holds characters that no key has'}.`,
    hint: `set it in the environment: export ${variable}=…`,
    exitCode: 2,
    facts: { provider: facts.name, variable },
  });
}

export function clientOf(
  facts: ProviderFacts,
  settings: ProviderSettings,
  world: ProviderWorld,
  auth: { readonly key?: string; readonly headers?: Readonly<Record<string, string>> } = {},
): HttpClient {
  const { clock, circuits } = world;
  const requestsPerMinute = settings.requestsPerMinute ?? facts.requestsPerMinute ?? 60;
  return new HttpClient({
    provider: facts.name,
    baseUrl: settings.baseUrl ?? facts.baseUrl ?? '',
    timeoutSeconds: settings.timeoutSeconds ?? DEFAULT_TIMEOUT_SECONDS,
    headers: auth.headers ?? {},
    secrets: new Secrets([auth.key]),
    limit: new RateLimit({ requestsPerMinute, burst: settings.burst ?? facts.burst }, clock),
    circuit: new Circuit(facts.name, circuits, clock),
    clock,
    onEvent: world.onEvent,
  });
}
