import { dateOfNumber } from './dates.ts';
import { DbnError, type DbnFault } from './errors.ts';
import {
  type DbnMetadata,
  type DbnVersion,
  type MappingInterval,
  SYMBOL_CSTR_LEN_V1,
  type SymbolMapping,
} from './metadata.ts';
import {
  DATASET_BYTES,
  DATASET_OFFSET,
  END_OFFSET,
  LIMIT_OFFSET,
  LISTS_OFFSET,
  type MetadataLayout,
  NO_SCHEMA,
  NO_STYPE,
  NO_TIME,
  SCHEMA_DEFINITION_OFFSET,
  SCHEMA_OFFSET,
  START_OFFSET,
} from './metadata-layout.ts';
import { METADATA_LAYOUTS } from './metadata-versions.ts';
import { DBN_SCHEMAS, DBN_STYPES, type DbnSchema, type DbnSType } from './schema.ts';

const UTF8 = new TextDecoder('utf-8', { fatal: true });

/**
 * Decodes a whole metadata block, prelude included. Throws `DbnError` (`bad_metadata`) with the offset of the field
 * that cannot be right. Every count is checked against the bytes left before anything is allocated for it.
 */
export function decodeMetadata(block: Uint8Array, version: DbnVersion, file: string): DbnMetadata {
  return new MetadataDecoder(block, METADATA_LAYOUTS[version], file).decode(version);
}

class MetadataDecoder {
  readonly #block: Uint8Array;
  readonly #view: DataView;
  readonly #layout: MetadataLayout;
  readonly #file: string;
  #symbolBytes = SYMBOL_CSTR_LEN_V1;
  #at = LISTS_OFFSET;

  constructor(block: Uint8Array, layout: MetadataLayout, file: string) {
    this.#block = block;
    this.#view = new DataView(block.buffer, block.byteOffset, block.length);
    this.#layout = layout;
    this.#file = file;
  }

  decode(version: DbnVersion): DbnMetadata {
    const layout = this.#layout;
    const end = this.#view.getBigUint64(END_OFFSET, true);
    const start = this.#view.getBigUint64(START_OFFSET, true);
    const limit = this.#view.getBigUint64(LIMIT_OFFSET, true);
    const fixed = {
      version,
      dataset: this.#text(DATASET_OFFSET, DATASET_BYTES),
      schema: this.#schema(),
      stypeIn: this.#stype(layout.stypeInOffset),
      stypeOut: this.#stypeOut(),
      start: start === NO_TIME ? null : start,
      end: end === NO_TIME || end === 0n ? null : end,
      limit: limit === 0n ? null : limit,
      tsOut: this.#view.getUint8(layout.tsOutOffset) !== 0,
    };
    if (layout.symbolLengthOffset !== null) this.#symbolBytes = this.#symbolLength(layout.symbolLengthOffset);
    const definitionBytes = this.#view.getUint32(SCHEMA_DEFINITION_OFFSET, true);
    if (definitionBytes !== 0) {
      throw this.#bad(
        SCHEMA_DEFINITION_OFFSET,
        'a schema definition is announced',
        '0 bytes of it',
        definitionBytes,
      );
    }
    const lists = {
      symbolCstrLen: this.#symbolBytes,
      symbols: this.#symbols('symbols'),
      partial: this.#symbols('partly resolved symbols'),
      notFound: this.#symbols('symbols not found'),
      mappings: this.#mappings(),
    };
    this.#padding();
    return { ...fixed, ...lists };
  }

  #schema(): DbnSchema | null {
    const code = this.#view.getUint16(SCHEMA_OFFSET, true);
    if (code === NO_SCHEMA) return null;
    if (code >= DBN_SCHEMAS.length) {
      throw this.#bad(
        SCHEMA_OFFSET,
        'unknown schema',
        `0 to ${DBN_SCHEMAS.length - 1}, or ${NO_SCHEMA}`,
        code,
      );
    }
    return DBN_SCHEMAS[code];
  }

  #stype(offset: number): DbnSType | null {
    const code = this.#view.getUint8(offset);
    if (code === NO_STYPE) return null;
    if (code >= DBN_STYPES.length) {
      throw this.#bad(
        offset,
        'unknown symbology type',
        `0 to ${DBN_STYPES.length - 1}, or ${NO_STYPE}`,
        code,
      );
    }
    return DBN_STYPES[code];
  }

  #stypeOut(): DbnSType {
    const stype = this.#stype(this.#layout.stypeOutOffset);
    if (stype !== null) return stype;
    throw this.#bad(
      this.#layout.stypeOutOffset,
      'no output symbology',
      `0 to ${DBN_STYPES.length - 1}`,
      NO_STYPE,
    );
  }

  #symbolLength(offset: number): number {
    const byteLength = this.#view.getUint16(offset, true);
    if (byteLength < 2) throw this.#bad(offset, 'symbols have no room', 'a length of 2 or more', byteLength);
    return byteLength;
  }

  /** Zero-padded text. */
  #text(offset: number, byteLength: number): string {
    const field = this.#block.subarray(offset, offset + byteLength);
    const zero = field.indexOf(0);
    try {
      return UTF8.decode(zero < 0 ? field : field.subarray(0, zero));
    } catch {
      throw this.#bad(
        offset,
        'a text is not UTF-8',
        'letters and zeros',
        `the bytes ${Buffer.from(field).toString('hex')}`,
      );
    }
  }

  /** A count of things of at least `itemBytes` each, that must fit into what is left. */
  #count(what: string, itemBytes: number): number {
    const offset = this.#at;
    const left = this.#block.length - offset - 4;
    if (left < 0) throw this.#bad(offset, `no room for the number of ${what}`, '4 bytes', `${left + 4}`);
    const count = this.#view.getUint32(offset, true);
    const most = Math.floor(left / itemBytes);
    if (count > most) {
      throw this.#bad(offset, `more ${what} announced than the metadata hold`, `at most ${most}`, count);
    }
    this.#at += 4;
    return count;
  }

  #symbol(): string {
    const symbol = this.#text(this.#at, this.#symbolBytes);
    this.#at += this.#symbolBytes;
    return symbol;
  }

  #symbols(what: string): string[] {
    const count = this.#count(what, this.#symbolBytes);
    const symbols: string[] = [];
    for (let i = 0; i < count; i++) symbols.push(this.#symbol());
    return symbols;
  }

  #mappings(): SymbolMapping[] {
    const count = this.#count('symbol mappings', this.#symbolBytes + 4);
    const mappings: SymbolMapping[] = [];
    for (let i = 0; i < count; i++) {
      if (this.#block.length - this.#at < this.#symbolBytes) {
        throw this.#bad(
          this.#at,
          'no room for a mapping',
          `${this.#symbolBytes} bytes`,
          `${this.#block.length - this.#at}`,
        );
      }
      const rawSymbol = this.#symbol();
      const intervalCount = this.#count(`intervals of ${rawSymbol}`, 8 + this.#symbolBytes);
      const intervals: MappingInterval[] = [];
      for (let j = 0; j < intervalCount; j++) intervals.push(this.#interval());
      mappings.push({ rawSymbol, intervals });
    }
    return mappings;
  }

  #interval(): MappingInterval {
    return { startDate: this.#date(), endDate: this.#date(), symbol: this.#symbol() };
  }

  #date(): string {
    const yyyymmdd = this.#view.getUint32(this.#at, true);
    const date = dateOfNumber(yyyymmdd);
    if (date === undefined) throw this.#bad(this.#at, 'no date of the calendar', 'YYYYMMDD', yyyymmdd);
    this.#at += 4;
    return date;
  }

  /** A mapping that a wrong count leaves out must not vanish: after the last one there are only zeros. */
  #padding(): void {
    for (let i = this.#at; i < this.#block.length; i++) {
      if (this.#block[i] !== 0)
        throw this.#bad(i, 'something follows the last mapping', 'zeros', this.#block[i]);
    }
  }

  #bad(offset: number, problem: string, expected: string, found: DbnFault['found']): DbnError {
    return new DbnError(this.#file, {
      kind: 'bad_metadata',
      at: 'decoded',
      offset,
      problem: `the metadata cannot be right: ${problem}`,
      expected,
      found,
      hint: 'The file is damaged, or written by something that does not keep to the format.',
    });
  }
}
