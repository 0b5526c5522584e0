/** Decimal and binary units: `GB` is 10^9 bytes, `GiB` 2^30. */
const UNITS: Readonly<Record<string, number>> = {
  '': 1,
  b: 1,
  kb: 1e3,
  mb: 1e6,
  gb: 1e9,
  tb: 1e12,
  kib: 2 ** 10,
  mib: 2 ** 20,
  gib: 2 ** 30,
  tib: 2 ** 40,
};

/** Parses `4GB`, `700 MB`, `1.5GiB`, `1048576`; undefined when it is no size. */
export function parseByteLength(text: string): number | undefined {
  const match = /^\s*(\d+(?:\.\d+)?)\s*([a-z]*)\s*$/i.exec(text);
  if (!match) return undefined;
  const unit = UNITS[(match[2] ?? '').toLowerCase()];
  return unit === undefined ? undefined : Math.round(Number(match[1]) * unit);
}

/** `12.3 MB`: three significant digits, decimal units. */
export function formatByteLength(byteLength: number): string {
  if (byteLength < 1000) return `${byteLength} B`;
  const names = ['kB', 'MB', 'GB', 'TB'];
  let value = byteLength / 1000;
  let index = 0;
  while (value >= 999.5 && index < names.length - 1) {
    value /= 1000;
    index++;
  }
  return `${value < 9.995 ? value.toFixed(2) : value < 99.95 ? value.toFixed(1) : value.toFixed(0)} ${names[index]}`;
}
