/** Rows of a file by their numbers, as a condition in SQL. */

/** Rows that are left out, or the only ones that are taken. Numbers ascend from 0. */
export interface RowMask {
  readonly rows: Float64Array;
  readonly keep: boolean;
}

/** Up to so many rows are named one by one. */
const NAMED_ROWS = 64;
/** Up to so many are joined: of 10 M rows, 100,000 take a third of the time that bits take; of 2 M, six times it. */
const JOINED_ROWS = 250_000;
/** Bits cost this many bytes at most for each row they mark. */
const MOST_BYTES_PER_ROW = 4096;

/** True for the rows the mask lets through. `row` is the expression of a row's number in its file. */
export function maskCondition(mask: RowMask, row: string): string {
  const { rows, keep } = mask;
  if (rows.length === 0) return keep ? 'false' : 'true';
  const word = keep ? 'IN' : 'NOT IN';
  if (rows.length <= NAMED_ROWS) return `${row} ${word} (${rows.join(', ')})`;
  const last = rows.at(-1) ?? 0;
  const isSparse = last / 8 > rows.length * MOST_BYTES_PER_ROW || last >= 2 ** 31 - 1;
  if (rows.length <= JOINED_ROWS || isSparse) {
    return `${row} ${word} (SELECT unnest('[${rows.join(',')}]'::BIGINT[]))`;
  }
  return bitCondition(bitsLiteral(rows), `${last + 1}`, keep ? '1' : '0', row);
}

/** The same with the bits in a column, null for a file without a mask, and 1 in another where they are kept. */
export function maskColumnCondition(bits: string, keep: string, row: string): string {
  return `(${bits} IS NULL OR ${bitCondition(bits, `bit_length(${bits})`, keep, row)})`;
}

/** Only CASE makes sure that no row beyond the bits is looked up. */
function bitCondition(bits: string, count: string, keep: string, row: string): string {
  return `CASE WHEN ${row} < ${count} THEN get_bit(${bits}, ${row}::INTEGER) ELSE 0 END = ${keep}`;
}

export function bitsLiteral(rows: Float64Array): string {
  const bytes = new Uint8Array(Math.floor((rows.at(-1) ?? 0) / 8) + 1);
  for (const row of rows) {
    const at = Math.floor(row / 8);
    bytes[at] = (bytes[at] ?? 0) | (0x80 >> (row % 8));
  }
  return `from_base64('${Buffer.from(bytes).toString('base64')}')::BIT`;
}
