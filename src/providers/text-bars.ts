/** Bars of a CSV or JSON-lines file. */
import { type BarField, fieldPlaces, namedBars, timeframeOf } from './bar-names.ts';
import { fieldNumber, fieldTime, valueTime } from './field-values.ts';
import { fileLines } from './file-lines.ts';
import { csvFields, jsonFields, type LineFields } from './line-fields.ts';
import { TIMEFRAMES, type Timeframe, type VendorBar } from './provider.ts';
import { normaliseAsset } from './symbols.ts';
import { TIMEFRAME_US } from './timeframe.ts';

/** The bars of one asset and timeframe in a file, as a look through it found them. */
export interface FileStream {
  /** Null where the file does not say: then it holds whatever is asked for. */
  readonly asset: string | null;
  readonly timeframe: Timeframe | null;
  readonly firstUs: number;
  readonly lastUs: number;
  /** Times never go back from one line to the next. */
  readonly inOrder: boolean;
  readonly startByte: number;
  readonly endByte: number;
}

interface GrowingStream {
  asset: string | null;
  timeframe: Timeframe | null;
  firstUs: number;
  lastUs: number;
  latestUs: number;
  /** Steps from one bar to the next that are a timeframe's length, by timeframe. */
  readonly steps: Map<number, number>;
  inOrder: boolean;
  startByte: number;
  endByte: number;
}

/** Reads a file's lines as bars; one object a line is made, no text of it unless asked for. */
export class TextBars {
  readonly path: string;
  readonly #fields: LineFields;
  readonly #places: Readonly<Record<BarField, number>>;
  readonly #named: ReturnType<typeof namedBars>;
  readonly #hasHeader: boolean;
  #streams: readonly FileStream[] | null = null;
  // lines mostly repeat the asset and timeframe of the line before
  #lastAsset = { text: Buffer.alloc(0), value: '' };
  #lastTimeframe: { text: Buffer; value: Timeframe | null } = { text: Buffer.alloc(0), value: null };

  private constructor(path: string, fileName: string, first: string, isJson: boolean) {
    this.path = path;
    this.#fields = isJson ? jsonFields(first) : csvFields(first);
    this.#places = fieldPlaces(this.#fields.names);
    this.#named = namedBars(fileName);
    this.#hasHeader = !isJson;
  }

  /** Null for a file without a line. */
  static async open(path: string, fileName: string): Promise<TextBars | null> {
    let first: string | null = null;
    for await (const _ of fileLines(path, (bytes, from, to) => {
      if (first === null && to > from) first = bytes.toString('utf8', from, to);
    })) {
      if (first !== null) break;
    }
    if (first === null) return null;
    const isJson = /\.(?:ndjson|jsonl|json)$/i.test(fileName);
    return new TextBars(path, fileName, String(first).replace(/^\ufeff/, ''), isJson);
  }

  /** Columns that bars must have and this file lacks. */
  get missing(): readonly string[] {
    const needed = ['time', 'open', 'high', 'low', 'close'] as const;
    return needed.filter((field) => this.#places[field] < 0);
  }

  /** What the file holds: reads it once, about 10 million lines in a few seconds. */
  async streams(): Promise<readonly FileStream[]> {
    if (this.#streams !== null) return this.#streams;
    const found = new Map<string, GrowingStream>();
    const look = (bytes: Buffer, from: number, to: number, offset: number): void => {
      if (from === to || this.#isHeader(offset)) return;
      const [asset, timeframe, tsUs] = this.#placeOf(bytes, from, to);
      const key = `${asset ?? ''} ${timeframe ?? ''}`;
      const stream = found.get(key) ?? newStream(asset, timeframe, offset);
      found.set(key, stream);
      stream.endByte = offset + (to - from);
      if (tsUs === undefined || Number.isNaN(tsUs)) return;
      const step = tsUs - stream.latestUs;
      if (step < 0) stream.inOrder = false;
      if (LENGTHS.has(step)) stream.steps.set(step, (stream.steps.get(step) ?? 0) + 1);
      stream.latestUs = tsUs;
      stream.firstUs = Math.min(stream.firstUs, tsUs);
      stream.lastUs = Math.max(stream.lastUs, tsUs);
    };
    for await (const _ of fileLines(this.path, look)) {
      // every line was looked at
    }
    const all = [...found.values()];
    const placed = all.filter(({ asset, timeframe }) => !this.#isLost(asset, timeframe));
    this.#streams = (placed.length > 0 ? placed : all).map(({ latestUs: _, steps, ...stream }) => ({
      ...stream,
      timeframe: stream.timeframe ?? commonest(steps),
    }));
    return this.#streams;
  }

  /**
   * Hands the bars of a stream to `take`, in the file's order, and yields now and then. Lines that do not say whose
   * they are go with the file's first stream, so that each is handed out once.
   */
  read(stream: FileStream, take: (bar: VendorBar) => void): AsyncGenerator<void, void, undefined> {
    const isFirst = this.#streams?.[0] === stream;
    const named = this.#named.timeframe !== null || this.#places.timeframe >= 0;
    const each = (bytes: Buffer, from: number, to: number, offset: number): void => {
      if (from === to || this.#isHeader(offset)) return;
      const isPlain = this.#fields.find(bytes, from, to);
      const values = isPlain ? null : (this.#fields.values(bytes.toString('utf8', from, to)) ?? []);
      const asset = this.#assetOf(bytes, values);
      const timeframe = named ? this.#timeframeOf(bytes, values) : stream.timeframe;
      const isLost = this.#isLost(asset, timeframe);
      const isOurs = asset === stream.asset && timeframe === stream.timeframe;
      if (!isOurs && !(isFirst && isLost)) return;
      const bar =
        values === null ? this.#plainBar(bytes, from, to) : this.#valuesBar(values, bytes, from, to);
      if (isLost) bar.misplaced = this.#misplaced(bytes, values, { asset, timeframe });
      take(bar);
    };
    return isFirst
      ? fileLines(this.path, each)
      : fileLines(this.path, each, stream.startByte, stream.endByte);
  }

  /** A line that should say whose it is, and does not. */
  #isLost(asset: string | null, timeframe: Timeframe | null): boolean {
    return (this.#places.asset >= 0 && asset === null) || (this.#places.timeframe >= 0 && timeframe === null);
  }

  /** What it says instead; a line that says nothing at all fails by its other fields. */
  #misplaced(bytes: Buffer, values: readonly unknown[] | null, of: Pick<FileStream, 'asset' | 'timeframe'>) {
    if (values?.length === 0) return undefined;
    const text = (place: number): unknown =>
      values === null
        ? bytes.toString('utf8', this.#fields.starts[place], this.#fields.ends[place])
        : (values[place] ?? null);
    const { asset, timeframe } = this.#places;
    return {
      ...(asset >= 0 && of.asset === null && { asset_pair: text(asset) }),
      ...(timeframe >= 0 && of.timeframe === null && { timeframe: text(timeframe) }),
    };
  }

  #isHeader(offset: number): boolean {
    return this.#hasHeader && offset === 0;
  }

  #placeOf(bytes: Buffer, from: number, to: number): [string | null, Timeframe | null, number | undefined] {
    const isPlain = this.#fields.find(bytes, from, to);
    const values = isPlain ? null : (this.#fields.values(bytes.toString('utf8', from, to)) ?? []);
    const time = this.#places.time;
    const tsUs =
      values === null
        ? fieldTime(bytes, this.#fields.starts[time] ?? 0, this.#fields.ends[time] ?? 0)
        : valueTime(values[time]);
    return [this.#assetOf(bytes, values), this.#timeframeOf(bytes, values), tsUs];
  }

  #assetOf(bytes: Buffer, values: readonly unknown[] | null): string | null {
    const place = this.#places.asset;
    if (place < 0) return this.#named.asset;
    if (values !== null) return assetOrNull(values[place]);
    const [from, to] = [this.#fields.starts[place] ?? 0, this.#fields.ends[place] ?? 0];
    const last = this.#lastAsset;
    if (isSame(last.text, bytes, from, to)) return last.value === '' ? null : last.value;
    const value = assetOrNull(bytes.toString('utf8', from, to)) ?? '';
    this.#lastAsset = { text: Buffer.from(bytes.subarray(from, to)), value };
    return value === '' ? null : value;
  }

  #timeframeOf(bytes: Buffer, values: readonly unknown[] | null): Timeframe | null {
    const place = this.#places.timeframe;
    if (place < 0) return this.#named.timeframe;
    if (values !== null) return timeframeOf(String(values[place] ?? '')) ?? null;
    const [from, to] = [this.#fields.starts[place] ?? 0, this.#fields.ends[place] ?? 0];
    const last = this.#lastTimeframe;
    if (isSame(last.text, bytes, from, to)) return last.value;
    const value = timeframeOf(bytes.toString('utf8', from, to)) ?? null;
    this.#lastTimeframe = { text: Buffer.from(bytes.subarray(from, to)), value };
    return value;
  }

  #plainBar(bytes: Buffer, from: number, to: number): LineBar {
    const { starts, ends } = this.#fields;
    const { time, open, high, low, close, volume } = this.#places;
    return new LineBar(
      fieldTime(bytes, starts[time] ?? 0, ends[time] ?? 0),
      fieldNumber(bytes, starts[open] ?? 0, ends[open] ?? 0),
      fieldNumber(bytes, starts[high] ?? 0, ends[high] ?? 0),
      fieldNumber(bytes, starts[low] ?? 0, ends[low] ?? 0),
      fieldNumber(bytes, starts[close] ?? 0, ends[close] ?? 0),
      fieldNumber(bytes, starts[volume] ?? 0, ends[volume] ?? 0),
      bytes,
      from,
      to,
    );
  }

  #valuesBar(values: readonly unknown[], bytes: Buffer, from: number, to: number): LineBar {
    const { time, open, high, low, close, volume } = this.#places;
    const value = (place: number): unknown => (values[place] === '' ? undefined : values[place]);
    const tsUs = valueTime(values[time]);
    const prices = [value(open), value(high), value(low), value(close)] as const;
    return new LineBar(tsUs, ...prices, value(volume), bytes, from, to);
  }
}

/** A bar and the line it came from, whose text is made only when it is asked for. */
class LineBar implements VendorBar {
  readonly tsUs: number | undefined;
  readonly open: unknown;
  readonly high: unknown;
  readonly low: unknown;
  readonly close: unknown;
  readonly volume: unknown;
  misplaced: VendorBar['misplaced'] = undefined;
  readonly #bytes: Buffer;
  readonly #from: number;
  readonly #to: number;

  constructor(
    tsUs: number | undefined,
    open: unknown,
    high: unknown,
    low: unknown,
    close: unknown,
    volume: unknown,
    bytes: Buffer,
    from: number,
    to: number,
  ) {
    this.tsUs = tsUs;
    this.open = open;
    this.high = high;
    this.low = low;
    this.close = close;
    this.volume = volume;
    this.#bytes = bytes;
    this.#from = from;
    this.#to = to;
  }

  /** The line's text; its bytes where they are no UTF-8. */
  get original(): string | Uint8Array {
    const line = this.#bytes.subarray(this.#from, this.#to);
    try {
      return UTF8.decode(line);
    } catch {
      return new Uint8Array(line);
    }
  }
}

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function isSame(text: Buffer, bytes: Buffer, from: number, to: number): boolean {
  if (text.length !== to - from) return false;
  for (let k = 0; k < text.length; k++) if (text[k] !== bytes[from + k]) return false;
  return true;
}

function newStream(asset: string | null, timeframe: Timeframe | null, startByte: number): GrowingStream {
  const [firstUs, lastUs] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  const unknown = { latestUs: Number.NEGATIVE_INFINITY, steps: new Map<number, number>() };
  return { asset, timeframe, firstUs, lastUs, ...unknown, inOrder: true, startByte, endByte: startByte };
}

const LENGTHS = new Map(TIMEFRAMES.map((timeframe) => [TIMEFRAME_US[timeframe], timeframe]));

/** The timeframe whose length most steps have; null where none has any. */
function commonest(steps: ReadonlyMap<number, number>): Timeframe | null {
  const [most] = [...steps].sort((a, b) => b[1] - a[1]);
  return most === undefined ? null : (LENGTHS.get(most[0]) ?? null);
}

/** Null for what names no asset. */
export function assetOrNull(value: unknown): string | null {
  if (typeof value !== 'string' || !/^[\w./ -]+$/.test(value)) return null;
  const bare = value.replaceAll(/[-/_ ]/g, '');
  return bare === '' || bare.length > 24 ? null : normaliseAsset(value);
}
