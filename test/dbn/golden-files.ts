import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { z } from 'zod';

const root = resolve(process.env.BARLINE_GOLDEN ?? '../shared/golden', 'dbn');

/** True when the golden files are at hand. With CI=true their absence is an error, not a reason to skip. */
export const hasGolden = existsSync(`${root}/manifest.json`);
if (!hasGolden && process.env.CI === 'true')
  throw new Error(`Golden files are missing: ${root}/manifest.json`);

const metadataSchema = z.strictObject({
  version: z.number(),
  dataset: z.string(),
  schema: z.string().nullable(),
  stype_in: z.string().nullable(),
  stype_out: z.string().nullable(),
  start: z.string(),
  end: z.string().nullable(),
  limit: z.string().nullable(),
  ts_out: z.boolean(),
  symbol_cstr_len: z.number(),
  symbols: z.array(z.string()),
  partial: z.array(z.string()),
  not_found: z.array(z.string()),
  mappings: z.array(
    z.strictObject({
      raw_symbol: z.string(),
      intervals: z.array(
        z.strictObject({ start_date: z.string(), end_date: z.string(), symbol: z.string() }),
      ),
    }),
  ),
});
export type GoldenMetadata = z.infer<typeof metadataSchema>;

const barSchema = z.strictObject({
  rtype: z.number(),
  publisher_id: z.number(),
  instrument_id: z.number(),
  ts_event: z.string(),
  open: z.string(),
  high: z.string(),
  low: z.string(),
  close: z.string(),
  volume: z.string(),
  ts_out: z.string().optional(),
});
export type GoldenBar = z.infer<typeof barSchema>;

const common = {
  file: z.string(),
  bytes: z.number(),
  compression: z.enum(['none', 'zstd']),
  note: z.string().optional(),
};
const caseSchema = z.discriminatedUnion('expect', [
  z.object({
    ...common,
    expect: z.literal('rows'),
    schema: z.string().nullable(),
    decoded_bytes: z.number(),
    metadata_bytes: z.number(),
    records: z.number(),
    records_by_rtype: z.record(z.string(), z.number()),
    bars: z.number(),
    rows: z.number().optional(),
    skipped: z.number().optional(),
    expected: z.string().optional(),
    metadata: metadataSchema.optional(),
    as_bars: z
      .object({ error: z.string(), found: z.string(), at: z.string(), offset: z.number() })
      .optional(),
  }),
  z.object({
    ...common,
    expect: z.literal('error'),
    error: z.string(),
    at: z.string(),
    offset: z.number().nullable(),
    have: z.number().optional(),
    need: z.number().optional(),
    found: z.union([z.number(), z.string()]).optional(),
    complete_records: z.number().optional(),
    max_complete_records: z.number().optional(),
  }),
]);
export type GoldenCase = z.infer<typeof caseSchema>;

export function goldenPath(file: string): string {
  return resolve(root, file);
}

export const goldenCases: readonly GoldenCase[] = hasGolden
  ? z.object({ files: z.array(caseSchema) }).parse(JSON.parse(readFileSync(`${root}/manifest.json`, 'utf8')))
      .files
  : [];

/** The metadata and bars that a file's JSON lines promise. */
export function goldenContent(expected: string): { metadata: GoldenMetadata; bars: GoldenBar[] } {
  const [first, ...rest] = readFileSync(goldenPath(expected), 'utf8').trim().split('\n');
  const { metadata } = z.strictObject({ metadata: metadataSchema }).parse(JSON.parse(first));
  return { metadata, bars: rest.map((line) => barSchema.parse(JSON.parse(line))) };
}
