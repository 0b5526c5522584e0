/** Bars from NDJSON: a JSON object a line. */
import { BarlineError } from '../base/index.ts';
import { type BarColumn, type ColumnPlaces, placeColumns } from './column-names.ts';
import type { Bars } from './columns.ts';
import { emptyInput } from './csv-bars.ts';
import { type ByteChunks, lineBatches } from './text-lines.ts';
import { TextRows } from './text-rows.ts';

/**
 * Reads one object a line with the keys of bars (as `csvBars` has columns), numbers as numbers or text. The first
 * object's keys are those of all; a key that a later one lacks is a value not given. Throws as `csvBars` does.
 */
export async function ndjsonBars(
  chunks: ByteChunks,
  source: string,
): Promise<{ readonly bars: Bars; readonly ignoredColumns: readonly string[] }> {
  let names: readonly string[] = [];
  let places: ColumnPlaces | null = null;
  let rows: TextRows | null = null;
  let line = 0;
  for await (const lines of lineBatches(chunks, source)) {
    for (const text of lines) {
      line++;
      if (text.trim() === '') continue;
      const object = parsedObject(text, source, line);
      if (places === null || rows === null) {
        names = [...object.keys()];
        places = placeColumns(names, source);
        rows = new TextRows(source, places.place.symbol >= 0 || places.place.instrument_id >= 0);
      }
      const { place } = places;
      const field = (column: BarColumn): string | null => fieldText(object.get(names[place[column]]));
      rows.add(
        {
          timestamp: field('timestamp'),
          open: field('open'),
          high: field('high'),
          low: field('low'),
          close: field('close'),
          volume: field('volume'),
          symbol: field('symbol'),
          instrument_id: field('instrument_id'),
        },
        line,
      );
    }
  }
  if (!rows || !places) throw emptyInput(source, 'a JSON object a line', 'nothing');
  return { bars: rows.toBars(), ignoredColumns: places.ignored };
}

function fieldText(value: unknown): string | null {
  if (value === null || value === undefined) return null;
  return typeof value === 'string' || typeof value === 'number' ? String(value) : JSON.stringify(value);
}

function parsedObject(text: string, source: string, line: number): Map<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value))
    return new Map(Object.entries(value));
  throw new BarlineError({
    code: 'BAD_ROW',
    message: `${source}: line ${line}: expected a JSON object, found ${JSON.stringify(text.slice(0, 60))}.`,
    facts: { file: source, line },
  });
}
