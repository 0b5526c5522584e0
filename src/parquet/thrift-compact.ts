/**
 * Thrift's compact protocol, the writing half: the shape of Parquet's page headers, indexes and footer.
 * https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md
 */

/** Element types of a list, by their number in the protocol. */
export const THRIFT_BOOL = 1;
export const THRIFT_I32 = 5;
export const THRIFT_I64 = 6;
export const THRIFT_BINARY = 8;
export const THRIFT_STRUCT = 12;

const FALSE_FIELD = 2;
const BYTE_FIELD = 3;
const I16_FIELD = 4;
const LIST_FIELD = 9;

const utf8 = new TextEncoder();

/** Writes one struct (and what it holds) into a growing buffer; `finish` returns the bytes and starts afresh. */
export class ThriftCompactWriter {
  #bytes = new Uint8Array(512);
  #length = 0;
  #lastFieldId = 0;
  readonly #outerFieldIds: number[] = [];

  /** The bytes written so far, as their own copy; the outermost struct is closed here. */
  finish(): Uint8Array<ArrayBuffer> {
    this.#byte(0);
    const bytes = this.#bytes.slice(0, this.#length);
    this.#length = 0;
    this.#lastFieldId = 0;
    return bytes;
  }

  bool(fieldId: number, value: boolean): void {
    this.#field(fieldId, value ? THRIFT_BOOL : FALSE_FIELD);
  }

  i8(fieldId: number, value: number): void {
    this.#field(fieldId, BYTE_FIELD);
    this.#byte(value);
  }

  i16(fieldId: number, value: number): void {
    this.#field(fieldId, I16_FIELD);
    this.#zigzag(value);
  }

  i32(fieldId: number, value: number): void {
    this.#field(fieldId, THRIFT_I32);
    this.#zigzag(value);
  }

  /** A whole number up to 2^53. */
  i64(fieldId: number, value: number): void {
    this.#field(fieldId, THRIFT_I64);
    this.#zigzag(value);
  }

  binary(fieldId: number, value: Uint8Array): void {
    this.#field(fieldId, THRIFT_BINARY);
    this.#blob(value);
  }

  string(fieldId: number, value: string): void {
    this.binary(fieldId, utf8.encode(value));
  }

  /** A struct held in a field; `body` writes its fields. */
  struct(fieldId: number, body: () => void): void {
    this.#field(fieldId, THRIFT_STRUCT);
    this.#nested(body);
  }

  listOfI32(fieldId: number, values: readonly number[]): void {
    this.#list(fieldId, THRIFT_I32, values.length);
    for (const value of values) this.#zigzag(value);
  }

  listOfI64(fieldId: number, values: readonly number[]): void {
    this.#list(fieldId, THRIFT_I64, values.length);
    for (const value of values) this.#zigzag(value);
  }

  listOfBool(fieldId: number, values: readonly boolean[]): void {
    this.#list(fieldId, THRIFT_BOOL, values.length);
    for (const value of values) this.#byte(value ? 1 : FALSE_FIELD);
  }

  listOfBinary(fieldId: number, values: readonly Uint8Array[]): void {
    this.#list(fieldId, THRIFT_BINARY, values.length);
    for (const value of values) this.#blob(value);
  }

  listOfStruct<T>(fieldId: number, items: readonly T[], body: (item: T) => void): void {
    this.#list(fieldId, THRIFT_STRUCT, items.length);
    for (const item of items) this.#nested(() => body(item));
  }

  #nested(body: () => void): void {
    this.#outerFieldIds.push(this.#lastFieldId);
    this.#lastFieldId = 0;
    body();
    this.#byte(0);
    this.#lastFieldId = this.#outerFieldIds.pop() ?? 0;
  }

  #field(fieldId: number, type: number): void {
    const delta = fieldId - this.#lastFieldId;
    if (delta > 0 && delta < 16) this.#byte((delta << 4) | type);
    else {
      this.#byte(type);
      this.#zigzag(fieldId);
    }
    this.#lastFieldId = fieldId;
  }

  #list(fieldId: number, elementType: number, size: number): void {
    this.#field(fieldId, LIST_FIELD);
    if (size < 15) this.#byte((size << 4) | elementType);
    else {
      this.#byte(0xf0 | elementType);
      this.#varint(size);
    }
  }

  #blob(value: Uint8Array): void {
    this.#varint(value.length);
    this.#reserve(value.length);
    this.#bytes.set(value, this.#length);
    this.#length += value.length;
  }

  #zigzag(value: number): void {
    this.#varint(value < 0 ? -2 * value - 1 : 2 * value);
  }

  #varint(value: number): void {
    let rest = value;
    while (rest >= 128) {
      this.#byte((rest % 128) | 128);
      rest = Math.floor(rest / 128);
    }
    this.#byte(rest);
  }

  #byte(value: number): void {
    this.#reserve(1);
    this.#bytes[this.#length++] = value;
  }

  #reserve(byteLength: number): void {
    if (this.#length + byteLength <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(this.#bytes.length * 2, this.#length + byteLength));
    grown.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = grown;
  }
}
