import type { DuckDbSession } from '../../duckdb/index.ts';
import { variantJson } from './variant-json.ts';

/** In SQL: `barline_variant(metadata, value)` as JSON text. DuckDB itself reads only variants that are marked as such. */
export const VARIANT_FUNCTION = 'barline_variant';

const sessions = new WeakSet<DuckDbSession>();

/** Once for each session that reads variants. */
export async function registerVariantFunction(session: DuckDbSession): Promise<void> {
  if (sessions.has(session)) return;
  sessions.add(session);
  await session.registerBlobFunction(VARIANT_FUNCTION, (metadata, value) => variantJson(metadata, value));
}
