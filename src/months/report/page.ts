/** A report as a page of plain values; terminal, Markdown and HTML are written from the same. */

export interface Page {
  readonly title: string;
  /** What it is of and when it was made. */
  readonly subtitle: string;
  readonly sections: readonly Section[];
}

export interface Section {
  readonly title: string;
  readonly blocks: readonly Block[];
}

export type Block =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'facts'; readonly facts: readonly Fact[] }
  | { readonly kind: 'table'; readonly table: Table; readonly isFolded?: boolean }
  | {
      readonly kind: 'charts';
      /** What to know of the drawing itself. */
      readonly note?: string;
      readonly charts: readonly Chart[];
      readonly table: Table;
    }
  | { readonly kind: 'actions'; readonly groups: readonly ActionGroup[] };

/** How a figure should be taken; always said in words as well. */
export type Tone = 'good' | 'fair' | 'poor';

/** A figure at the head of a report. */
export interface Fact {
  readonly name: string;
  readonly value: string;
  readonly note?: string;
  readonly tone?: Tone;
}

export interface Table {
  readonly title: string;
  readonly columns: readonly { readonly title: string; readonly align?: 'left' | 'right' }[];
  readonly rows: readonly (readonly Cell[])[];
}

export interface Cell {
  readonly text: string;
  /** Drawn as a bar beside the text where the medium can: 0 to 1. */
  readonly bar?: number;
  readonly tone?: Tone;
}

/** Things to do that share a command. */
export interface ActionGroup {
  readonly title: string;
  readonly tone: Tone;
  readonly actions: readonly { readonly title: string; readonly lines: readonly string[] }[];
  readonly command: string | null;
}

/** Figures over months, null where there is none. */
export interface Chart {
  readonly title: string;
  readonly shape: 'line' | 'stacks';
  /** `wide` fills the page; `panel` stands beside others of its kind. */
  readonly size: 'wide' | 'panel';
  /** `YYYY-MM`, in time order; gaps between them stay open. */
  readonly months: readonly string[];
  readonly series: readonly Series[];
  readonly format: 'share' | 'score' | 'seconds';
  /** What the scale shows at least; data beyond it widens it. */
  readonly atLeast: readonly [number, number];
  /** Lines to hold the data against. */
  readonly marks: readonly { readonly value: number; readonly label: string }[];
  /** Marks dots by how they are to be taken, where that can be told. */
  readonly toneOf?: (value: number) => Tone;
}

export interface Series {
  readonly name: string;
  readonly values: readonly (number | null)[];
}

/** A cell of text, or of text with more to it. */
export function cell(text: string, more: Omit<Cell, 'text'> = {}): Cell {
  return { text, ...more };
}

export function paragraph(text: string): Block {
  return { kind: 'text', text };
}

/** A table whose columns are named alone; those that begin with `>` are right-aligned. */
export function table(
  title: string,
  columns: readonly string[],
  rows: readonly (readonly (Cell | string)[])[],
): Table {
  return {
    title,
    columns: columns.map((each) =>
      each.startsWith('>') ? { title: each.slice(1), align: 'right' } : { title: each },
    ),
    rows: rows.map((row) => row.map((each) => (typeof each === 'string' ? cell(each) : each))),
  };
}
