// Files read by hyparquet, its values brought to the text of cases.ts.
import { type FileMetaData, parquetMetadata, parquetRead } from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import { bytesText, type Expected, numberText } from './cases.ts';

const parsers = {
  timestampFromMicroseconds: (micros: bigint) => micros,
  timestampFromNanoseconds: (nanos: bigint) => nanos,
  dateFromDays: (days: number) => days,
};

/** The file in one buffer. */
export function join(pieces: readonly Uint8Array[]): ArrayBuffer {
  const bytes = Buffer.concat(pieces);
  return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length);
}

export function metadataOf(pieces: readonly Uint8Array[]): FileMetaData {
  return parquetMetadata(join(pieces));
}

/** Columns by name, each row as text. */
export async function readColumns(pieces: readonly Uint8Array[]): Promise<Map<string, Expected>> {
  const file = join(pieces);
  const metadata = parquetMetadata(file);
  const names = metadata.schema.slice(1).map((element) => element.name);
  const columns = new Map<string, (string | null)[]>(names.map((name) => [name, []]));
  await parquetRead({
    file,
    metadata,
    compressors,
    utf8: false,
    parsers,
    onComplete: (rows) => {
      for (const row of rows) {
        names.forEach((name, index) => {
          columns.get(name)?.push(textOf(row[index]));
        });
      }
    },
  });
  return columns;
}

function textOf(value: unknown): string | null {
  if (value === null || value === undefined) return null;
  if (typeof value === 'number') return numberText(value);
  if (value instanceof Uint8Array) return bytesText(value);
  return String(value);
}
