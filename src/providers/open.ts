/** Providers by name. */
import { BarlineError, usageError } from '../base/index.ts';
import { alphaVantage } from './alpha-vantage.ts';
import type { ProviderEvent } from './calls.ts';
import { ccxt } from './ccxt.ts';
import { Circuit, type CircuitStore } from './circuit.ts';
import type { Clock } from './clock.ts';
import { coinbase } from './coinbase.ts';
import { type CostApproval, refuseCost } from './cost.ts';
import { databento } from './databento.ts';
import { HttpClient } from './http.ts';
import { oanda } from './oanda.ts';
import { type BarProvider, TIMEFRAMES } from './provider.ts';
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
  /** Asked before a pull that costs; what costs is refused where nobody can be asked. */
  readonly approveCost?: CostApproval;
  readonly onEvent?: (event: ProviderEvent) => void;
  /** Waits before further tries of what may heal: 5, 10 and 20 s unless told. */
  readonly retryDelaysMs?: readonly number[];
  /** How a library is loaded that is there only where it was installed. */
  readonly importModule?: (name: string) => Promise<unknown>;
}

const CCXT = /^ccxt:([a-z0-9]+)$/;

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
      return alphaVantage(clientOf(facts, settings, world), settings, key);
    }
    case 'oanda': {
      const key = requiredKey(facts, world.environment);
      const headers = { authorization: `Bearer ${key}` };
      return oanda(clientOf(facts, settings, world, headers), settings);
    }
    case 'coinbase':
      return coinbase(clientOf(facts, settings, world), settings);
    case 'replay':
      return world.replaySource === undefined || world.replaySource === null
        ? sampleReplay(world.clock)
        : fileReplay(world.replaySource, world.clock);
    case 'databento':
      return databento(databentoClient(world), settings, world.approveCost ?? refuseCost);
    default:
      return openCcxt(facts, settings, world);
  }
}

/** What is known of a provider by its name; throws a usage error for a name that is none. */
export function factsOf(name: string): ProviderFacts {
  const facts = PROVIDER_FACTS.find((each) => each.name === name);
  if (facts !== undefined) return facts;
  const exchange = CCXT.exec(name)?.[1];
  if (exchange !== undefined) return ccxtFacts(name, exchange);
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

function ccxtFacts(name: string, exchange: string): ProviderFacts {
  const keyVariable = `${exchange.toUpperCase()}_API_KEY`;
  const unknown = { baseUrl: null, requestsPerMinute: null, burst: 1, timeoutSeconds: 30 };
  return { name, timeframes: TIMEFRAMES, keyVariable, keyNeeded: false, ...unknown };
}

function openCcxt(
  facts: ProviderFacts,
  settings: ProviderSettings,
  world: ProviderWorld,
): Promise<BarProvider> {
  const key = keyOf(facts, world.environment);
  return ccxt({
    exchange: facts.name.slice('ccxt:'.length),
    settings,
    key,
    secrets: environmentSecrets(world.environment),
    circuit: new Circuit(facts.name, world.circuits, world.clock),
    clock: world.clock,
    timeoutSeconds: settings.timeoutSeconds ?? facts.timeoutSeconds,
    onEvent: world.onEvent,
    retryDelaysMs: world.retryDelaysMs,
    importModule: world.importModule ?? ((library) => import(library)),
  });
}

/** Databento's API, for bars and for batches of raw months. Throws PROVIDER_NO_KEY. */
export function databentoClient(world: ProviderWorld): HttpClient {
  const facts = factsOf('databento');
  const key = requiredKey(facts, world.environment);
  const headers = { authorization: `Basic ${Buffer.from(`${key}:`).toString('base64')}` };
  return clientOf(facts, world.settings.databento ?? {}, world, headers);
}

/** The key of a provider as the environment has it, without white space around it. */
export function keyOf(facts: ProviderFacts, environment: ProviderWorld['environment']): string | undefined {
  if (facts.keyVariable === null) return undefined;
  const key = environment[facts.keyVariable]?.trim();
  return key === '' ? undefined : key;
}

/** Hides every key that the environment holds. */
export function environmentSecrets(environment: ProviderWorld['environment']): Secrets {
  const isKey = ([name]: readonly [string, unknown]): boolean =>
    /_(?:API_KEY|SECRET|TOKEN|PASSWORD)$/.test(name);
  return new Secrets(
    Object.entries(environment)
      .filter(isKey)
      .map(([, value]) => value?.trim()),
  );
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
  headers: Readonly<Record<string, string>> = {},
): HttpClient {
  const { clock, circuits } = world;
  const requestsPerMinute = settings.requestsPerMinute ?? facts.requestsPerMinute ?? 60;
  return new HttpClient({
    provider: facts.name,
    baseUrl: settings.baseUrl ?? facts.baseUrl ?? '',
    timeoutSeconds: settings.timeoutSeconds ?? facts.timeoutSeconds,
    headers,
    secrets: environmentSecrets(world.environment),
    limit: new RateLimit({ requestsPerMinute, burst: settings.burst ?? facts.burst }, clock),
    circuit: new Circuit(facts.name, circuits, clock),
    clock,
    onEvent: world.onEvent,
    retryDelaysMs: world.retryDelaysMs,
  });
}
