/** Bars of a Parquet file, read by DuckDB in order of time. */
import {
  type ColumnChunk,
  DuckDbSession,
  defaultLimits,
  quoteName,
  quotePath,
  quoteText,
} from '../duckdb/index.ts';
import { type BarField, fieldPlaces, namedBars, timeframeOf } from './bar-names.ts';
import { TIMEFRAMES, type Timeframe, type VendorBar } from './provider.ts';
import type { BarFile } from './replay-files.ts';
import { assetOrNull, type FileStream } from './text-bars.ts';
import { TIMEFRAME_US } from './timeframe.ts';

const VALUES = ['time', 'open', 'high', 'low', 'close', 'volume'] as const;

type Columns = Readonly<Record<BarField, { readonly name: string; readonly type: string } | null>>;

/** Rows of a Parquet file as bars: about 1 µs each. */
export class ParquetBars implements BarFile {
  readonly path: string;
  readonly missing: readonly string[];
  readonly #columns: Columns;
  readonly #named: ReturnType<typeof namedBars>;
  #streams: readonly ParquetStream[] | null = null;
  /** Rows that should say whose they are, and do not: they go with the first stream. */
  #lost: readonly ParquetStream[] = [];

  private constructor(path: string, named: ReturnType<typeof namedBars>, columns: Columns) {
    this.path = path;
    this.#named = named;
    this.#columns = columns;
    this.missing = VALUES.filter((field) => field !== 'volume' && columns[field] === null);
  }

  static async open(path: string, fileName: string): Promise<ParquetBars> {
    using session = await DuckDbSession.open(defaultLimits());
    const found = await session.columns(`SELECT * FROM read_parquet(${quotePath(path)})`, path);
    const places = fieldPlaces(found.map(({ name }) => name));
    const column = (field: BarField) => found[places[field]] ?? null;
    return new ParquetBars(path, namedBars(fileName), {
      time: column('time'),
      open: column('open'),
      high: column('high'),
      low: column('low'),
      close: column('close'),
      volume: column('volume'),
      asset: column('asset'),
      timeframe: column('timeframe'),
    });
  }

  async streams(): Promise<readonly FileStream[]> {
    if (this.#streams !== null) return this.#streams;
    using session = await DuckDbSession.open(defaultLimits());
    const [asset, timeframe] = [this.#text('asset'), this.#text('timeframe')];
    const steps = TIMEFRAMES.map((each) => `WHEN ${TIMEFRAME_US[each]} THEN ${quoteText(each)}`);
    const query = `
      WITH bars AS (SELECT ${asset} AS asset, ${timeframe} AS timeframe, ${this.#time()} AS t FROM ${this.#table()}),
        steps AS (SELECT *, CASE t - lag(t) OVER (PARTITION BY asset, timeframe ORDER BY t) ${steps.join(' ')} END AS step
          FROM bars)
      SELECT asset, timeframe, min(t), max(t), mode(step) FROM steps GROUP BY asset, timeframe ORDER BY min(t), asset`;
    const streams: ParquetStream[] = [];
    for await (const rows of session.textRows(query, { what: this.path })) {
      for (const [assetText, timeframeText, first, last, step] of rows) {
        streams.push({
          assetText: assetText ?? null,
          timeframeText: timeframeText ?? null,
          asset: this.#columns.asset === null ? this.#named.asset : assetOrNull(assetText),
          timeframe:
            this.#columns.timeframe === null
              ? (timeframeOf(step ?? '') ?? this.#named.timeframe)
              : (timeframeOf(timeframeText ?? '') ?? null),
          firstUs: first == null ? Number.POSITIVE_INFINITY : Number(first),
          lastUs: last == null ? Number.NEGATIVE_INFINITY : Number(last),
          inOrder: true,
          startByte: 0,
          endByte: 0,
        });
      }
    }
    const placed = streams.filter((stream) => this.#misplaced(stream) === undefined);
    this.#lost = streams.filter((stream) => this.#misplaced(stream) !== undefined);
    this.#streams = placed.length > 0 ? placed : this.#lost.slice(0, 1);
    return this.#streams;
  }

  async *read(stream: FileStream, take: (bar: VendorBar) => void): AsyncGenerator<void, void, undefined> {
    const found = this.#streams?.find((each) => each === stream);
    if (found === undefined) return;
    const isFirst = found === this.#streams?.[0];
    const parts = isFirst ? [found, ...this.#lost.filter((each) => each !== found)] : [found];
    for (const part of parts) yield* this.#readPart(part, take);
  }

  /** What a stream's rows say of asset or timeframe where the column's value names none; undefined where all is well. */
  #misplaced({ asset, timeframe, assetText, timeframeText }: ParquetStream): VendorBar['misplaced'] {
    const wrong = {
      ...(this.#columns.asset !== null && asset === null && { asset_pair: assetText }),
      ...(this.#columns.timeframe !== null && timeframe === null && { timeframe: timeframeText }),
    };
    return Object.keys(wrong).length === 0 ? undefined : wrong;
  }

  async *#readPart(
    found: ParquetStream,
    take: (bar: VendorBar) => void,
  ): AsyncGenerator<void, void, undefined> {
    using session = await DuckDbSession.open(defaultLimits());
    const is = (field: 'asset' | 'timeframe', text: string | null): string =>
      `${this.#text(field)} IS NOT DISTINCT FROM ${text === null ? 'NULL' : quoteText(text)}`;
    const time = this.#time();
    const raw = this.#columns.time === null ? 'NULL' : quoteName(this.#columns.time.name);
    const values = VALUES.slice(1).map((field) => this.#number(field));
    const query = `SELECT ${time}, CAST(${raw} AS VARCHAR), ${values.join(', ')} FROM ${this.#table()}
      WHERE ${is('asset', found.assetText)} AND ${is('timeframe', found.timeframeText)} ORDER BY 1 NULLS FIRST`;
    for await (const chunk of session.chunks(query, this.path)) {
      for (const bar of this.#bars(chunk, found)) take(bar);
      yield;
    }
  }

  *#bars(chunk: ColumnChunk, stream: ParquetStream): Generator<VendorBar, void, undefined> {
    const [times, raws, opens, highs, lows, closes, volumes] = [0, 1, 2, 3, 4, 5, 6].map((k) =>
      chunk.values(k),
    );
    const misplaced = this.#misplaced(stream);
    for (let k = 0; k < chunk.rowCount; k++) {
      const [time, raw] = [times?.[k] ?? null, raws?.[k] ?? null];
      const tsUs = time === null ? (raw === null ? undefined : Number.NaN) : Number(time);
      const value = (values: readonly unknown[] | undefined): unknown => values?.[k] ?? undefined;
      const bar = {
        open: value(opens),
        high: value(highs),
        low: value(lows),
        close: value(closes),
        volume: value(volumes),
      };
      yield { tsUs, ...bar, original: { asset_pair: stream.assetText, timestamp: raw, ...bar }, misplaced };
    }
  }

  #table(): string {
    return `read_parquet(${quotePath(this.path)})`;
  }

  #text(field: 'asset' | 'timeframe'): string {
    const column = this.#columns[field];
    return column === null ? 'CAST(NULL AS VARCHAR)' : `CAST(${quoteName(column.name)} AS VARCHAR)`;
  }

  /** A double where the file has numbers, the text otherwise. */
  #number(field: BarField): string {
    const column = this.#columns[field];
    if (column === null) return 'NULL';
    const name = quoteName(column.name);
    return column.type === 'VARCHAR' ? name : `CAST(${name} AS DOUBLE)`;
  }

  /** Microseconds since the epoch as a double: of a timestamp, a date, a text, or a number told by its size. */
  #time(): string {
    const column = this.#columns.time;
    if (column === null) return 'CAST(NULL AS DOUBLE)';
    const name = quoteName(column.name);
    if (/INT|DOUBLE|FLOAT|DECIMAL/.test(column.type)) {
      const [size, exact] = [`abs(${name})`, `CAST(${name} AS DOUBLE)`];
      return `CASE WHEN ${size} < 1e11 THEN ${exact} * 1e6 WHEN ${size} < 1e14 THEN ${exact} * 1e3
        WHEN ${size} < 1e17 THEN ${exact} ELSE CAST(${name} // 1000 AS DOUBLE) END`;
    }
    if (column.type === 'TIMESTAMP_NS') return `CAST(epoch_ns(${name}) // 1000 AS DOUBLE)`;
    if (column.type.startsWith('TIMESTAMP')) return `CAST(epoch_us(${name}) AS DOUBLE)`;
    return `CAST(epoch_us(TRY_CAST(${name} AS TIMESTAMP)) AS DOUBLE)`;
  }
}

interface ParquetStream extends FileStream {
  readonly assetText: string | null;
  readonly timeframeText: string | null;
  readonly timeframe: Timeframe | null;
}
