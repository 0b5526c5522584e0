/** The providers a command names, behind one another, with their keys from the environment. */
import type { Configuration } from '../base/index.ts';
import type { BarProvider } from '../providers/index.ts';
import type { Storage } from '../storage/index.ts';
import type { Invocation } from './command.ts';
import type { Settings } from './configuration.ts';

interface ProvidersRequest {
  /** The first is asked; the next where it fails. */
  readonly names: readonly string[];
  readonly configuration: Configuration<Settings>;
  readonly storage: Storage;
  /** For `replay`. */
  readonly source: string | null;
}

export async function openProviders(
  { environment }: Invocation,
  { names, configuration, storage, source }: ProvidersRequest,
): Promise<{ readonly provider: BarProvider; readonly mask: (text: string) => string }> {
  const { factsOf, keyOf, lakeCircuits, openProvider, Secrets, systemClock, withFallback } = await import(
    '../providers/index.ts'
  );
  const world = {
    settings: configuration.value.providers,
    environment,
    clock: systemClock,
    circuits: lakeCircuits(storage),
    replaySource: source,
  };
  const providers: BarProvider[] = [];
  for (const name of names) providers.push(await openProvider(name, world));
  const secrets = new Secrets(names.map((name) => keyOf(factsOf(name), environment)));
  return { provider: withFallback(providers), mask: (text) => secrets.mask(text) };
}
