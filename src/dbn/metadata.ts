import type { DbnSchema, DbnSType } from './schema.ts';

export type DbnVersion = 1 | 2 | 3;

/** What a symbol was called from `startDate` up to, not including, `endDate`: UTC dates, `YYYY-MM-DD`. */
export interface MappingInterval {
  readonly startDate: string;
  readonly endDate: string;
  /** In the `stypeOut` symbology: usually the instrument id in decimal. */
  readonly symbol: string;
}

export interface SymbolMapping {
  /** In the `stypeIn` symbology, or the raw symbol of one member of a parent. */
  readonly rawSymbol: string;
  readonly intervals: readonly MappingInterval[];
}

/** What stands before the records of a DBN file. */
export interface DbnMetadata {
  readonly version: DbnVersion;
  /** Such as `GLBX.MDP3`. */
  readonly dataset: string;
  /** Null: records of several schemas, as in live recordings. */
  readonly schema: DbnSchema | null;
  readonly stypeIn: DbnSType | null;
  readonly stypeOut: DbnSType;
  /** Start of the request, nanoseconds since the epoch, inclusive. */
  readonly start: bigint | null;
  /** End of the request, nanoseconds since the epoch, exclusive. */
  readonly end: bigint | null;
  /** The most records asked for; null: no limit. */
  readonly limit: bigint | null;
  /** Records end in the time at which the gateway sent them. */
  readonly tsOut: boolean;
  /** Bytes a symbol takes in the file, its closing zero included: 22 in version 1, else usually 71. */
  readonly symbolCstrLen: number;
  /** Symbols as requested. */
  readonly symbols: readonly string[];
  /** Symbols resolved for a part of the request's time only. */
  readonly partial: readonly string[];
  /** Symbols never resolved. */
  readonly notFound: readonly string[];
  readonly mappings: readonly SymbolMapping[];
}

/** Symbol length of version 1, which has no field for it. */
export const SYMBOL_CSTR_LEN_V1 = 22;
/** Symbol length the vendor writes since version 2. */
export const SYMBOL_CSTR_LEN = 71;

/**
 * Metadata with the vendor's defaults for whatever is not given: version 3, raw symbols to instrument ids, no end,
 * no limit, no ts_out, symbols named from the mappings.
 */
export function dbnMetadata(
  fields: Pick<DbnMetadata, 'dataset' | 'schema' | 'start'> & Partial<DbnMetadata>,
): DbnMetadata {
  const version = fields.version ?? 3;
  return {
    stypeIn: 'raw_symbol',
    stypeOut: 'instrument_id',
    end: null,
    limit: null,
    tsOut: false,
    symbolCstrLen: version === 1 ? SYMBOL_CSTR_LEN_V1 : SYMBOL_CSTR_LEN,
    symbols: (fields.mappings ?? []).map((mapping) => mapping.rawSymbol),
    partial: [],
    notFound: [],
    mappings: [],
    ...fields,
    version,
  };
}
