/**
 * Thrift's compact protocol, the reading half.
 * https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md
 */

/** Types of a field, by their number in the protocol. In a field's header a boolean's type is its value. */
const TRUE = 1;
const FALSE = 2;
const BYTE = 3;
const I16 = 4;
const I32 = 5;
const I64 = 6;
const DOUBLE = 7;
const BINARY = 8;
const LIST = 9;
const SET = 10;
const MAP = 11;
const STRUCT = 12;
const UUID = 13;

const DEEPEST_NESTING = 32;

/** Bytes that are no such struct. */
export class ThriftError extends Error {}

/** Called for each field; what it leaves unread is skipped. */
export type FieldVisitor = (fieldId: number, type: number) => void;

/** Reads a struct from bytes that nobody has checked: whatever they are, it ends or throws `ThriftError`. */
export class ThriftCompactReader {
  readonly #bytes: Uint8Array;
  #offset: number;
  #depth = 0;

  constructor(bytes: Uint8Array, offset = 0) {
    this.#bytes = bytes;
    this.#offset = offset;
  }

  /** Of the next byte. */
  get offset(): number {
    return this.#offset;
  }

  struct(visit: FieldVisitor): void {
    this.#depth += 1;
    if (this.#depth > DEEPEST_NESTING) throw new ThriftError('structs are nested too deeply');
    let fieldId = 0;
    for (;;) {
      const header = this.#byte();
      if (header === 0) break;
      const delta = header >> 4;
      fieldId = delta === 0 ? this.#zigzag() : fieldId + delta;
      const type = header & 15;
      const before = this.#offset;
      visit(fieldId, type);
      if (this.#offset === before) this.#skip(type);
    }
    this.#depth -= 1;
  }

  /** Of a field of this type, which holds the value. */
  bool(type: number): boolean {
    if (type !== TRUE && type !== FALSE) throw new ThriftError(`expected a boolean, found type ${type}`);
    return type === TRUE;
  }

  /** An integer of up to 64 bits, exact to 2^53. */
  integer(type: number): number {
    if (type === BYTE) return (this.#byte() << 24) >> 24;
    if (type !== I16 && type !== I32 && type !== I64) {
      throw new ThriftError(`expected an integer, found type ${type}`);
    }
    return this.#zigzag();
  }

  /** A view of the bytes, not a copy. */
  binary(type: number): Uint8Array {
    if (type !== BINARY) throw new ThriftError(`expected bytes, found type ${type}`);
    const length = this.#varint();
    return this.#bytes.subarray(this.#offset, this.#advance(length));
  }

  string(type: number): string {
    return new TextDecoder().decode(this.binary(type));
  }

  /** Calls `item` for each element, which must read it. */
  list(type: number, item: (elementType: number, index: number) => void): void {
    const { elementType, size } = this.#listHeader(type);
    for (let index = 0; index < size; index++) item(elementType, index);
  }

  structs(type: number, visit: (index: number) => FieldVisitor): void {
    this.list(type, (elementType, index) => {
      if (elementType !== STRUCT)
        throw new ThriftError(`expected a list of structs, found type ${elementType}`);
      this.struct(visit(index));
    });
  }

  /** A struct in a field of this type. */
  nested(type: number, visit: FieldVisitor): void {
    if (type !== STRUCT) throw new ThriftError(`expected a struct, found type ${type}`);
    this.struct(visit);
  }

  #listHeader(type: number): { elementType: number; size: number } {
    if (type !== LIST && type !== SET) throw new ThriftError(`expected a list, found type ${type}`);
    const header = this.#byte();
    const size = header >> 4 === 15 ? this.#varint() : header >> 4;
    // every element takes a byte at least
    if (size > this.#bytes.length - this.#offset)
      throw new ThriftError('a list is longer than the bytes left');
    return { elementType: header & 15, size };
  }

  #skip(type: number): void {
    if (type === TRUE || type === FALSE) return;
    if (type === BYTE) this.#advance(1);
    else if (type === I16 || type === I32 || type === I64) this.#varint();
    else if (type === DOUBLE) this.#advance(8);
    else if (type === UUID) this.#advance(16);
    else if (type === BINARY) this.#advance(this.#varint());
    else if (type === STRUCT) this.struct(() => undefined);
    else if (type === LIST || type === SET) this.list(type, (elementType) => this.#skipElement(elementType));
    else if (type === MAP) this.#skipMap();
    else throw new ThriftError(`there is no type ${type}`);
  }

  /** In a list a boolean is a byte. */
  #skipElement(type: number): void {
    this.#depth += 1;
    if (this.#depth > DEEPEST_NESTING) throw new ThriftError('lists are nested too deeply');
    if (type === TRUE || type === FALSE) this.#advance(1);
    else this.#skip(type);
    this.#depth -= 1;
  }

  #skipMap(): void {
    const size = this.#varint();
    if (size === 0) return;
    if (size > this.#bytes.length - this.#offset)
      throw new ThriftError('a map is longer than the bytes left');
    const types = this.#byte();
    for (let i = 0; i < size; i++) {
      this.#skipElement(types >> 4);
      this.#skipElement(types & 15);
    }
  }

  #zigzag(): number {
    const value = this.#varint();
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  }

  #varint(): number {
    let value = 0;
    for (let factor = 1; factor <= 2 ** 63; factor *= 128) {
      const byte = this.#byte();
      value += (byte & 127) * factor;
      if (byte < 128) return value;
    }
    throw new ThriftError('a number takes more than ten bytes');
  }

  #byte(): number {
    return this.#bytes[this.#advance(1) - 1] ?? 0;
  }

  /** Returns the offset behind. */
  #advance(byteLength: number): number {
    if (byteLength > this.#bytes.length - this.#offset) throw new ThriftError('the bytes end too early');
    this.#offset += byteLength;
    return this.#offset;
  }
}
