/** The providers a command names, behind one another, with their keys from the environment. */
import type { Configuration } from '../base/index.ts';
import type { BarProvider, CostQuote, ProviderEvent } from '../providers/index.ts';
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
  const onEvent = (event: ProviderEvent) => {
    if (event.kind === 'fallback') {
      output.note(`${event.provider} fails, asking ${event.next}: ${event.error.message}`);
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
  const providers: BarProvider[] = [];
  for (const name of names) providers.push(await openProvider(name, world));
  const secrets = new Secrets(names.map((name) => keyOf(factsOf(name), environment)));
  return { provider: withFallback(providers, onEvent), mask: (text) => secrets.mask(text) };
}

/** Whether somebody can say yes: what costs is refused otherwise. */
function mayAsk({ globals }: Invocation): boolean {
  if (globals.yes === true) return true;
  return process.stdin.isTTY === true && process.stderr.isTTY === true && globals.json !== true;
}
