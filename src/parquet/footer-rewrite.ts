import type { ByteRange, ParquetFooter } from './footer-reader.ts';

const STRUCT_LIST = 12;

/**
 * The metadata of a file that has only these row groups (by index, rising), all at their old places. Everything else
 * is kept byte for byte, also what this code does not know.
 */
export function withRowGroups(footer: ParquetFooter, kept: readonly number[]): Uint8Array {
  const { metadata, places, rowGroups } = footer;
  if (kept.length === rowGroups.length) return metadata;
  const rowCount = kept.reduce((rows, index) => rows + (rowGroups[index]?.rowCount ?? 0), 0);
  const groups = kept.flatMap((index) => {
    const place = places.rowGroups[index];
    return place === undefined ? [] : [metadata.subarray(place.start, place.end)];
  });
  const edits: { readonly place: ByteRange; readonly bytes: readonly Uint8Array[] }[] = [
    { place: places.rowCount, bytes: [varint(rowCount * 2)] },
    { place: places.rowGroupList, bytes: [listHeader(groups.length), ...groups] },
  ];
  edits.sort((a, b) => a.place.start - b.place.start);
  const pieces: Uint8Array[] = [];
  let copied = 0;
  for (const { place, bytes } of edits) {
    pieces.push(metadata.subarray(copied, place.start), ...bytes);
    copied = place.end;
  }
  pieces.push(metadata.subarray(copied));
  return Buffer.concat(pieces);
}

function listHeader(size: number): Uint8Array {
  if (size < 15) return Uint8Array.of((size << 4) | STRUCT_LIST);
  return Uint8Array.of(0xf0 | STRUCT_LIST, ...varint(size));
}

function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128);
  return Uint8Array.from([...bytes, rest]);
}
