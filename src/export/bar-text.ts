/** Bars as CSV and as JSON lines. */
import { BAR_COLUMNS, type BarColumns } from './bar-columns.ts';
import { timestampText } from './timestamp-text.ts';

export const CSV_HEADER = `${BAR_COLUMNS.join(',')}\n`;

/** A bar as JSON gives it. Times have nine digits after the second; null is undefined. */
export interface BarRecord {
  readonly timestamp: string | null;
  readonly publisher_id: number;
  readonly instrument_id: number;
  readonly symbol: string | null;
  readonly open: number | null;
  readonly high: number | null;
  readonly low: number | null;
  readonly close: number | null;
  readonly volume: bigint;
}

/** Makes a writer of rows `[start, end)` as text; about 1 µs a row. */
export type RowText = (bars: BarColumns, start: number, end: number) => string;

/** Comma-separated: an empty cell is null, text is quoted where it must be. */
export function csvRows(symbols: readonly string[]): RowText {
  const timeText = timestampText();
  const cells = symbols.map(csvCell);
  const price = (value: number): string => (Number.isNaN(value) ? '' : String(value));
  return (bars, start, end) => {
    let text = '';
    for (let row = start; row < end; row++) {
      const symbol = bars.symbolIndex[row] < 0 ? '' : cells[bars.symbolIndex[row]];
      text +=
        `${timeText(bars.timestamp[row]) ?? ''},${bars.publisherId[row]},${bars.instrumentId[row]},${symbol},` +
        `${price(bars.open[row])},${price(bars.high[row])},${price(bars.low[row])},${price(bars.close[row])},` +
        `${bars.volume[row]}\n`;
    }
    return text;
  };
}

/** One object a line. Volumes are written with all their digits. */
export function ndjsonRows(symbols: readonly string[]): RowText {
  const timeText = timestampText();
  const cells = symbols.map((symbol) => JSON.stringify(symbol));
  const price = (value: number): string => (Number.isNaN(value) ? 'null' : String(value));
  return (bars, start, end) => {
    let text = '';
    for (let row = start; row < end; row++) {
      const time = timeText(bars.timestamp[row]);
      const symbol = bars.symbolIndex[row] < 0 ? 'null' : cells[bars.symbolIndex[row]];
      text +=
        `{"timestamp":${time === null ? 'null' : `"${time}"`},"publisher_id":${bars.publisherId[row]},` +
        `"instrument_id":${bars.instrumentId[row]},"symbol":${symbol},"open":${price(bars.open[row])},` +
        `"high":${price(bars.high[row])},"low":${price(bars.low[row])},"close":${price(bars.close[row])},` +
        `"volume":${bars.volume[row]}}\n`;
    }
    return text;
  };
}

/** Rows `[start, end)` as objects, for a few of them. */
export function barRecords(
  bars: BarColumns,
  symbols: readonly string[],
  start: number,
  end: number,
): BarRecord[] {
  const timeText = timestampText();
  const price = (value: number): number | null => (Number.isNaN(value) ? null : value);
  const records: BarRecord[] = [];
  for (let row = start; row < end; row++) {
    records.push({
      timestamp: timeText(bars.timestamp[row]),
      publisher_id: bars.publisherId[row],
      instrument_id: bars.instrumentId[row],
      symbol: bars.symbolIndex[row] < 0 ? null : symbols[bars.symbolIndex[row]],
      open: price(bars.open[row]),
      high: price(bars.high[row]),
      low: price(bars.low[row]),
      close: price(bars.close[row]),
      volume: bars.volume[row],
    });
  }
  return records;
}

function csvCell(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
