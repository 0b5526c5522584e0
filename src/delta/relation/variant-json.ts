/**
 * Variants in the binary form of Parquet (https://github.com/apache/parquet-format/blob/master/VariantEncoding.md)
 * as JSON text. Whole numbers keep all digits, decimals lose their closing zeros; dates, times, UUIDs and what JSON
 * has no number for are text; binary is base 64.
 */

const DAY_US = 86_400_000_000n;

/** Null when the bytes are no variant. */
export function variantJson(metadata: Uint8Array, value: Uint8Array): string | null {
  try {
    return new VariantReader(metadata, value).json(0);
  } catch (error) {
    if (error instanceof RangeError) return null; // a DataView was asked beyond its end
    throw error;
  }
}

class VariantReader {
  readonly #names: readonly string[];
  readonly #bytes: Uint8Array;
  readonly #view: DataView;

  constructor(metadata: Uint8Array, value: Uint8Array) {
    this.#names = dictionaryOf(metadata);
    this.#bytes = value;
    this.#view = new DataView(value.buffer, value.byteOffset, value.byteLength);
  }

  json(at: number): string {
    const header = this.#view.getUint8(at);
    const info = header >> 2;
    switch (header & 3) {
      case 0:
        return this.#primitive(info, at + 1);
      case 1:
        return this.#text(at + 1, info);
      case 2:
        return this.#object(info, at + 1);
      default:
        return this.#array(info, at + 1);
    }
  }

  #object(info: number, start: number): string {
    const offsetBytes = (info & 3) + 1;
    const idBytes = ((info >> 2) & 3) + 1;
    const countBytes = info & 16 ? 4 : 1;
    const count = unsigned(this.#view, start, countBytes);
    const ids = start + countBytes;
    const offsets = ids + count * idBytes;
    const values = offsets + (count + 1) * offsetBytes;
    const members = Array.from({ length: count }, (_, i) => {
      const name = this.#names[unsigned(this.#view, ids + i * idBytes, idBytes)];
      if (name === undefined) throw new RangeError('a field has no name');
      const offset = unsigned(this.#view, offsets + i * offsetBytes, offsetBytes);
      return `${JSON.stringify(name)}:${this.json(values + offset)}`;
    });
    return `{${members.join(',')}}`;
  }

  #array(info: number, start: number): string {
    const offsetBytes = (info & 3) + 1;
    const countBytes = info & 4 ? 4 : 1;
    const count = unsigned(this.#view, start, countBytes);
    const offsets = start + countBytes;
    const values = offsets + (count + 1) * offsetBytes;
    const elements = Array.from({ length: count }, (_, i) =>
      this.json(values + unsigned(this.#view, offsets + i * offsetBytes, offsetBytes)),
    );
    return `[${elements.join(',')}]`;
  }

  #primitive(type: number, at: number): string {
    const view = this.#view;
    switch (type) {
      case 0:
        return 'null';
      case 1:
        return 'true';
      case 2:
        return 'false';
      case 3:
        return String(view.getInt8(at));
      case 4:
        return String(view.getInt16(at, true));
      case 5:
        return String(view.getInt32(at, true));
      case 6:
        return String(view.getBigInt64(at, true));
      case 7:
        return number(view.getFloat64(at, true));
      case 8:
        return decimal(BigInt(view.getInt32(at + 1, true)), view.getUint8(at));
      case 9:
        return decimal(view.getBigInt64(at + 1, true), view.getUint8(at));
      case 10: {
        const high = view.getBigInt64(at + 9, true);
        return decimal((high << 64n) + view.getBigUint64(at + 1, true), view.getUint8(at));
      }
      case 14:
        return number(view.getFloat32(at, true));
      case 15: {
        const bytes = bytesOf(this.#bytes, at + 4, view.getUint32(at, true));
        return JSON.stringify(bytes.toString('base64'));
      }
      case 16:
        return this.#text(at + 4, view.getUint32(at, true));
      default:
        return JSON.stringify(this.#timeText(type, at));
    }
  }

  #timeText(type: number, at: number): string {
    const view = this.#view;
    switch (type) {
      case 11:
        return moment(BigInt(view.getInt32(at, true)) * DAY_US).slice(0, 10);
      case 12:
        return `${moment(view.getBigInt64(at, true))}Z`;
      case 13:
        return moment(view.getBigInt64(at, true));
      case 17:
        return moment(view.getBigInt64(at, true)).slice(11);
      case 18:
        return `${moment(floorDiv(view.getBigInt64(at, true), 1000n))}Z`;
      case 19:
        return moment(floorDiv(view.getBigInt64(at, true), 1000n));
      case 20: {
        view.getUint8(at + 15);
        const hex = Buffer.from(this.#bytes.subarray(at, at + 16)).toString('hex');
        return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
      }
      default:
        throw new RangeError(`there is no variant type ${type}`);
    }
  }

  #text(start: number, byteLength: number): string {
    return JSON.stringify(textOf(this.#bytes, start, byteLength));
  }
}

function dictionaryOf(metadata: Uint8Array): string[] {
  const view = new DataView(metadata.buffer, metadata.byteOffset, metadata.byteLength);
  const offsetBytes = (view.getUint8(0) >> 6) + 1;
  const count = unsigned(view, 1, offsetBytes);
  const offsets = 1 + offsetBytes;
  const texts = offsets + (count + 1) * offsetBytes;
  return Array.from({ length: count }, (_, i) => {
    const from = unsigned(view, offsets + i * offsetBytes, offsetBytes);
    const to = unsigned(view, offsets + (i + 1) * offsetBytes, offsetBytes);
    return textOf(metadata, texts + from, to - from);
  });
}

function textOf(bytes: Uint8Array, start: number, byteLength: number): string {
  return bytesOf(bytes, start, byteLength).toString('utf8');
}

function bytesOf(bytes: Uint8Array, start: number, byteLength: number): Buffer {
  if (start + byteLength > bytes.length) throw new RangeError('a value ends beyond the variant');
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, byteLength);
}

function unsigned(view: DataView, at: number, byteLength: number): number {
  let value = 0;
  for (let i = byteLength - 1; i >= 0; i--) value = value * 256 + view.getUint8(at + i);
  return value;
}

function number(value: number): string {
  return Number.isFinite(value) ? JSON.stringify(value) : JSON.stringify(String(value));
}

function decimal(unscaled: bigint, scale: number): string {
  const digits = (unscaled < 0n ? -unscaled : unscaled).toString().padStart(scale + 1, '0');
  const whole = digits.slice(0, digits.length - scale);
  const fraction = digits.slice(digits.length - scale).replace(/0+$/, '');
  return `${unscaled < 0n ? '-' : ''}${whole}${fraction === '' ? '' : `.${fraction}`}`;
}

function moment(timeUs: bigint): string {
  const micros = timeUs - floorDiv(timeUs, 1_000_000n) * 1_000_000n;
  const date = new Date(Number(floorDiv(timeUs, 1_000_000n)) * 1000);
  const fraction = micros === 0n ? '' : `.${String(micros).padStart(6, '0')}`;
  return `${date.toISOString().replace(/\.\d{3}Z$/, '')}${fraction}`;
}

function floorDiv(value: bigint, divisor: bigint): bigint {
  const quotient = value / divisor;
  return value % divisor < 0n ? quotient - 1n : quotient;
}
