/**
 * Working memory that outlives a column: one buffer per purpose and thread, grown as needed. Encoding is synchronous,
 * so a purpose has one user at a time; nothing handed to a caller lies here.
 */
type Purpose =
  | 'values'
  | 'codes'
  | 'dictionaryTable'
  | 'dictionaryValues'
  | 'page'
  | 'validityRuns'
  | 'runStarts'
  | 'runWords'
  | 'runCodes'
  | 'runLengths';

const buffers = new Map<Purpose, ArrayBuffer>();

/** At least `byteLength` bytes with unspecified content. */
export function scratch(purpose: Purpose, byteLength: number): ArrayBuffer {
  const kept = buffers.get(purpose);
  if (kept !== undefined && kept.byteLength >= byteLength) return kept;
  const fresh = new ArrayBuffer(Math.max(4096, Math.ceil(byteLength / 4096) * 4096));
  buffers.set(purpose, fresh);
  return fresh;
}
