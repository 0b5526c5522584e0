/** What a vendor would charge, asked for and approved before anything is pulled. */
import { BarlineError } from '../base/index.ts';
import type { HttpClient } from './http.ts';
import { notBars } from './vendor.ts';

export interface CostQuote {
  readonly provider: string;
  readonly usd: number;
  /** What it is for, e.g. `ES.v.0 ohlcv-1m 2024-03-01 to 2024-04-01`. */
  readonly what: string;
}

/** Asked before a pull that costs; true lets it go ahead. Never asked twice at once. */
export type CostApproval = (quote: CostQuote) => Promise<boolean>;

/** For runs that may ask nobody: what costs is refused. */
export const refuseCost: CostApproval = async () => false;

let asking: Promise<unknown> = Promise.resolve();

/** Has a pull priced, and approved unless it is free. Throws PROVIDER_COST when it is not. */
export async function requireApproval(
  client: HttpClient,
  form: Readonly<Record<string, string>>,
  span: { readonly fromUs: number; readonly toUs: number },
  approve: CostApproval,
  signal: AbortSignal,
): Promise<void> {
  const [start, end] = [`${Math.round(span.fromUs)}000`, `${Math.round(span.toUs)}000`];
  const body = await client.json({ path: '/v0/metadata.get_cost', form: { ...form, start, end }, signal });
  if (typeof body !== 'number') throw notBars(client, 'a price in dollars', body);
  if (body <= 0) return;
  const date = (tsUs: number): string => new Date(tsUs / 1000).toISOString().slice(0, 16);
  const what = `${form.symbols} ${form.schema} ${date(span.fromUs)} to ${date(span.toUs)}`;
  const quote: CostQuote = { provider: 'databento', usd: body, what };
  // one question at a time, however many streams have one
  const answer = asking.then(() => approve(quote));
  asking = answer.catch(() => {});
  if (await answer) return;
  throw new BarlineError({
    code: 'PROVIDER_COST',
    message: `databento: ${what} costs ${dollars(body)}, and was not approved.`,
    hint: 'answer the question with yes, or give --yes to approve what it costs',
    facts: { ...quote },
  });
}

/** `$0.0042`, `$12.30`. */
export function dollars(usd: number): string {
  return usd < 0.1 ? `$${usd.toPrecision(2)}` : `$${usd.toFixed(2)}`;
}
