import { usageError } from '../base/index.ts';
import { numberOfDate } from './dates.ts';
import { type DbnMetadata, SYMBOL_CSTR_LEN_V1 } from './metadata.ts';
import {
  DATASET_BYTES,
  DATASET_OFFSET,
  END_OFFSET,
  LIMIT_OFFSET,
  LISTS_OFFSET,
  NO_SCHEMA,
  NO_STYPE,
  NO_TIME,
  PRELUDE_BYTES,
  SCHEMA_OFFSET,
  START_OFFSET,
} from './metadata-layout.ts';
import { METADATA_LAYOUTS } from './metadata-versions.ts';
import { DBN_SCHEMAS, DBN_STYPES, type DbnSType } from './schema.ts';

/**
 * The metadata block of a file, prelude included, in the layout of `metadata.version`. Version 1's record count is
 * written as "unknown", as the vendor does, since a stream does not know it. Throws `BarlineError` (`USAGE`) for what
 * the version cannot hold: a symbol too long for `symbolCstrLen`, text that is not ASCII, a date that is none.
 */
export function encodeMetadata(metadata: DbnMetadata): Uint8Array<ArrayBuffer> {
  const layout = METADATA_LAYOUTS[metadata.version];
  if (layout.symbolLengthOffset === null && metadata.symbolCstrLen !== SYMBOL_CSTR_LEN_V1) {
    throw usageError(
      `DBN version ${metadata.version} has symbols of ${SYMBOL_CSTR_LEN_V1} bytes; symbolCstrLen is ${metadata.symbolCstrLen}.`,
    );
  }
  const end = LISTS_OFFSET + listByteLength(metadata);
  const block = new Uint8Array(Math.ceil(end / layout.alignment) * layout.alignment);
  const view = new DataView(block.buffer);
  block.set([0x44, 0x42, 0x4e, metadata.version]);
  view.setUint32(4, block.length - PRELUDE_BYTES, true);
  writeText(block, DATASET_OFFSET, DATASET_BYTES, metadata.dataset);
  view.setUint16(
    SCHEMA_OFFSET,
    metadata.schema === null ? NO_SCHEMA : DBN_SCHEMAS.indexOf(metadata.schema),
    true,
  );
  view.setBigUint64(START_OFFSET, metadata.start ?? NO_TIME, true);
  view.setBigUint64(END_OFFSET, metadata.end ?? NO_TIME, true);
  view.setBigUint64(LIMIT_OFFSET, metadata.limit ?? 0n, true);
  if (layout.recordCountOffset !== null) view.setBigUint64(layout.recordCountOffset, NO_TIME, true);
  block[layout.stypeInOffset] = stypeCode(metadata.stypeIn);
  block[layout.stypeOutOffset] = stypeCode(metadata.stypeOut);
  block[layout.tsOutOffset] = metadata.tsOut ? 1 : 0;
  if (layout.symbolLengthOffset !== null)
    view.setUint16(layout.symbolLengthOffset, metadata.symbolCstrLen, true);
  new ListWriter(block, view, metadata.symbolCstrLen).write(metadata);
  return block;
}

function stypeCode(stype: DbnSType | null): number {
  return stype === null ? NO_STYPE : DBN_STYPES.indexOf(stype);
}

function listByteLength(metadata: DbnMetadata): number {
  const symbolBytes = metadata.symbolCstrLen;
  const listCount = metadata.symbols.length + metadata.partial.length + metadata.notFound.length;
  const mappingBytes = metadata.mappings.reduce(
    (sum, mapping) => sum + symbolBytes + 4 + mapping.intervals.length * (8 + symbolBytes),
    0,
  );
  return 4 * 4 + listCount * symbolBytes + mappingBytes;
}

class ListWriter {
  readonly #block: Uint8Array;
  readonly #view: DataView;
  readonly #symbolBytes: number;
  #at = LISTS_OFFSET;

  constructor(block: Uint8Array, view: DataView, symbolBytes: number) {
    this.#block = block;
    this.#view = view;
    this.#symbolBytes = symbolBytes;
  }

  write(metadata: DbnMetadata): void {
    for (const list of [metadata.symbols, metadata.partial, metadata.notFound]) {
      this.#number(list.length);
      for (const symbol of list) this.#symbol(symbol);
    }
    this.#number(metadata.mappings.length);
    for (const mapping of metadata.mappings) {
      this.#symbol(mapping.rawSymbol);
      this.#number(mapping.intervals.length);
      for (const interval of mapping.intervals) {
        this.#date(interval.startDate);
        this.#date(interval.endDate);
        this.#symbol(interval.symbol);
      }
    }
  }

  #number(value: number): void {
    this.#view.setUint32(this.#at, value, true);
    this.#at += 4;
  }

  #date(date: string): void {
    const yyyymmdd = numberOfDate(date);
    if (yyyymmdd === undefined) throw usageError(`"${date}" is no date; expected YYYY-MM-DD.`);
    this.#number(yyyymmdd);
  }

  /** One byte stays for the closing zero. */
  #symbol(symbol: string): void {
    writeText(this.#block, this.#at, this.#symbolBytes - 1, symbol);
    this.#at += this.#symbolBytes;
  }
}

function writeText(block: Uint8Array, offset: number, mostBytes: number, text: string): void {
  if (text.length > mostBytes) {
    throw usageError(`"${text}" has ${text.length} characters; the field holds ${mostBytes}.`);
  }
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === 0 || code > 0x7f)
      throw usageError(`${JSON.stringify(text)} is not ASCII, which DBN text must be.`);
    block[offset + i] = code;
  }
}
