/** The providers of bars as they stand in `barline.yaml`, checked at the edge. */
import { z } from 'zod';
import { PROVIDER_FACTS, type ProviderSettings } from '../providers/index.ts';
import { HIGHEST_PRICE, LOWEST_PRICE, type PriceBounds } from '../quality/index.ts';

const NAMES = PROVIDER_FACTS.map(({ name }) => name).filter((name) => name !== 'replay');

const NAME = z
  .string()
  .refine(
    (name) => NAMES.includes(name) || /^ccxt:[a-z0-9]+$/.test(name),
    `expected one of ${NAMES.join(', ')}, or ccxt:EXCHANGE`,
  );

const WEB_ADDRESS = z
  .string()
  .refine(
    (text) => /^https?:$/.test(URL.parse(text)?.protocol ?? ''),
    'expected an http:// or https:// address',
  )
  .refine((text) => !URL.parse(text)?.username, 'expected no user name or key in the address');

/** One entry under `providers`; its key is the provider's name. */
export const providerSchema = z
  .strictObject({
    base_url: WEB_ADDRESS.optional().describe(
      'Where its API is asked: the vendor’s address unless told; a proxy or a test server otherwise.',
    ),
    requests_per_minute: z
      .number()
      .positive()
      .max(60_000)
      .optional()
      .describe('Its rate limit; the vendor’s documented one unless told.'),
    burst: z.int().positive().max(1000).optional().describe('Requests that may go out at once after a rest.'),
    timeout_seconds: z
      .number()
      .positive()
      .max(3600)
      .optional()
      .describe('How long an answer may take, 30 unless told.'),
    symbols: z
      .record(z.string(), z.string().min(1))
      .optional()
      .describe(
        'The vendor’s own names by asset, e.g. `{ BTCUSD: XBT-USD }`, where the rule does not give them.',
      ),
    dataset: z
      .string()
      .min(1)
      .optional()
      .describe('`databento`: the dataset asked, `GLBX.MDP3` unless told.'),
  })
  .transform(
    (config): ProviderSettings => ({
      baseUrl: config.base_url,
      requestsPerMinute: config.requests_per_minute,
      burst: config.burst,
      timeoutSeconds: config.timeout_seconds,
      symbols: config.symbols,
      dataset: config.dataset,
    }),
  );

/** The section `providers`. */
export const providersSchema = z
  .record(NAME, providerSchema)
  .default({})
  .describe(
    'Vendors of bars, by name (`coinbase`, `ccxt:kraken`), where they differ from what is built in. Keys come from the environment alone.',
  );

/** The section `ingest`. */
export const ingestSchema = z
  .strictObject({
    lowest_price: z
      .number()
      .positive()
      .default(LOWEST_PRICE)
      .describe('A bar with a price below it becomes a dead letter.'),
    highest_price: z
      .number()
      .positive()
      .default(HIGHEST_PRICE)
      .describe('A bar with a price above it becomes a dead letter.'),
  })
  .refine((bounds) => bounds.lowest_price < bounds.highest_price, {
    path: ['highest_price'],
    message: 'expected more than lowest_price',
  })
  .prefault({})
  .describe('Bars that `barline ingest` and `barline dlq replay` take.');

export function priceBounds(settings: z.infer<typeof ingestSchema>): PriceBounds {
  return { lowestPrice: settings.lowest_price, highestPrice: settings.highest_price };
}
