import { usageError } from '../base/index.ts';
import { type DeltaType, field, type PrimitiveType, type StructField } from '../delta/index.ts';

/** A type in SQL's words: `array<struct<a: long>>`. */
export function typeText(type: DeltaType): string {
  if (typeof type === 'string') return type;
  switch (type.type) {
    case 'array':
      return `array<${typeText(type.elementType)}>`;
    case 'map':
      return `map<${typeText(type.keyType)}, ${typeText(type.valueType)}>`;
    case 'struct':
      return `struct<${type.fields.map((each) => `${each.name}: ${typeText(each.type)}`).join(', ')}>`;
  }
}

const NAMES: Readonly<Record<string, PrimitiveType>> = {
  string: 'string',
  text: 'string',
  tinyint: 'byte',
  byte: 'byte',
  smallint: 'short',
  short: 'short',
  int: 'integer',
  integer: 'integer',
  bigint: 'long',
  long: 'long',
  real: 'float',
  float: 'float',
  double: 'double',
  boolean: 'boolean',
  binary: 'binary',
  date: 'date',
  timestamp: 'timestamp',
  timestamp_ntz: 'timestamp_ntz',
};

/** The type a text names, as `typeText` writes it or by SQL's names; a usage error for anything else. */
export function parseType(text: string): DeltaType {
  const reader = new TypeReader(text);
  const type = reader.type();
  reader.end();
  return type;
}

class TypeReader {
  readonly #text: string;
  readonly #tokens: readonly string[];
  #next = 0;

  constructor(text: string) {
    this.#text = text;
    this.#tokens = text.match(/`[^`]+`|\w+|[^\s\w]/g) ?? [];
  }

  type(): DeltaType {
    const name = this.#take().toLowerCase();
    if (name === 'decimal') return this.#decimal();
    if (name === 'array') {
      const elementType = this.#between('<', '>', () => this.type());
      return { type: 'array', elementType, containsNull: true };
    }
    if (name === 'map') {
      return this.#between('<', '>', () => {
        const keyType = this.type();
        this.#expect(',');
        return { type: 'map', keyType, valueType: this.type(), valueContainsNull: true };
      });
    }
    if (name === 'struct') {
      return { type: 'struct', fields: this.#between('<', '>', () => this.#fields()) };
    }
    return NAMES[name] ?? this.#refuse(name);
  }

  end(): void {
    const rest = this.#tokens[this.#next];
    if (rest !== undefined) this.#refuse(rest);
  }

  #decimal(): DeltaType {
    return this.#between('(', ')', () => {
      const precision = Number(this.#take());
      this.#expect(',');
      const scale = Number(this.#take());
      const fits = Number.isInteger(precision) && Number.isInteger(scale) && scale >= 0;
      if (!fits || precision < 1 || precision > 38 || scale > precision)
        this.#refuse(`${precision},${scale}`);
      return `decimal(${precision},${scale})` as const;
    });
  }

  #fields(): StructField[] {
    const fields: StructField[] = [];
    do {
      const name = this.#take().replace(/^`(.*)`$/, '$1');
      this.#expect(':');
      fields.push(field(name, this.type()));
    } while (this.#tokens[this.#next] === ',' && this.#take() !== '');
    return fields;
  }

  #between<T>(open: string, close: string, read: () => T): T {
    this.#expect(open);
    const found = read();
    this.#expect(close);
    return found;
  }

  #expect(token: string): void {
    const found = this.#take();
    if (found !== token) this.#refuse(found);
  }

  #take(): string {
    const token = this.#tokens[this.#next] ?? this.#refuse('its end');
    this.#next += 1;
    return token;
  }

  #refuse(found: string): never {
    throw usageError(
      `${JSON.stringify(this.#text)} is no type (at ${found})`,
      `expected one of ${[...new Set(Object.values(NAMES))].join(', ')}, decimal(10,2), array<long>, map<string, long>, struct<a: long>`,
    );
  }
}
