/** The providers a command names, behind one another, with their keys from the environment. */
import { BarlineError, type Configuration } from '../base/index.ts';
import type { BarProvider, CostQuote, ProviderEvent, ProviderFacts } from '../providers/index.ts';
import type { Storage } from '../storage/index.ts';
import type { Invocation } from './command.ts';
import type { Settings } from './configuration.ts';
import { confirm } from './confirm.ts';

interface ProvidersRequest {
  /** The first is asked; the next where it fails. */
  readonly names: readonly string[];
  readonly configuration: Configuration<Settings>;
  readonly storage: Storage;
  /** For `replay`. */
  readonly source: string | null;
}

export async function openProviders(
  invocation: Invocation,
  { names, configuration, storage, source }: ProvidersRequest,
): Promise<{ readonly provider: BarProvider; readonly mask: (text: string) => string }> {
  const { environment, output } = invocation;
  const said = new Set<string>();
  const onEvent = (event: ProviderEvent) => {
    if (event.kind === 'fallback') {
      const text = `${event.provider} fails, asking ${event.next}: ${event.error.message}`;
      if (!said.has(text)) output.note(text);
      said.add(text);
    } else if (output.options.verbose) {
      const why =
        event.kind === 'retry'
          ? `trying again in ${event.delaySeconds} s: ${event.error}`
          : `pausing for ${event.seconds} s`;
      output.note(`${event.provider}: ${why}`);
    }
  };
  const { dollars, factsOf, keyOf, lakeCircuits, openProvider, Secrets, systemClock, withFallback } =
    await import('../providers/index.ts');
  const world = {
    settings: configuration.value.providers,
    environment,
    clock: systemClock,
    circuits: lakeCircuits(storage),
    replaySource: source,
    approveCost: ({ provider, usd, what }: CostQuote) =>
      mayAsk(invocation)
        ? confirm(invocation, `${provider}: ${what} costs ${dollars(usd)}. Pull it?`)
        : Promise.resolve(false),
    onEvent,
  };
  const known = [...new Set(names)].map(factsOf);
  const providers: BarProvider[] = [];
  const refused: BarlineError[] = [];
  for (const facts of known) {
    const opened = await openProvider(facts.name, world).catch((error: unknown) => {
      if (!(error instanceof BarlineError)) throw error;
      refused.push(error);
      return unavailable(facts, error);
    });
    providers.push(opened);
  }
  if (refused[0] !== undefined && refused.length === known.length) throw refused[0];
  const secrets = new Secrets(known.map((facts) => keyOf(facts, environment)));
  return { provider: withFallback(providers, onEvent), mask: (text) => secrets.mask(text) };
}

/** Stands for a provider that cannot be asked, e.g. without its key, so that the next one is. */
function unavailable({ name, timeframes }: ProviderFacts, error: BarlineError): BarProvider {
  return {
    name,
    isMock: false,
    timeframes,
    fetchBars: () => {
      throw error;
    },
  };
}

/** Whether somebody can say yes: what costs is refused otherwise. */
function mayAsk({ globals }: Invocation): boolean {
  if (globals.yes === true) return true;
  return process.stdin.isTTY === true && process.stderr.isTTY === true && globals.json !== true;
}
