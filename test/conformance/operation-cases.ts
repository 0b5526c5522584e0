/** Operations of the log, and which engine makes, changes and continues the table of each. */
import { join } from 'node:path';
import { COLUMNS, type ReadStep, type Row, rowsFrom, type Step } from './operation-steps.ts';

export interface Case {
  readonly name: string;
  readonly steps: readonly Step[];
  /** Rows after the operation and the append, as id, close and month; the columns' names at the end. */
  readonly rows: readonly Row[];
  readonly columns?: readonly string[];
  /** What delta-rs does not do; the reading is refused too where `unread` is true. */
  readonly withoutDeltaRs?: { readonly unread?: boolean };
}

export const APPEND: Step = { do: 'append', start: 20, month: 'c' };
const MADE: readonly Step[] = [
  { do: 'create' },
  { do: 'append', start: 0, month: 'a' },
  { do: 'append', start: 10, month: 'b' },
];
const [A, B, C, NEW] = [rowsFrom(0, 'a'), rowsFrom(10, 'b'), rowsFrom(20, 'c'), rowsFrom(100, 'a')];
const ALL = [...A, ...B, ...C];
const replaced: Step = { do: 'overwrite', start: 100, month: 'a' };
const property = (key: string, value = 'true'): Step => ({
  do: 'set_properties',
  properties: { [key]: value },
});

const CASES: readonly Case[] = [
  { name: 'append', steps: [{ do: 'append', start: 100, month: 'a' }], rows: [...ALL, ...NEW] },
  { name: 'overwrite', steps: [replaced], rows: [...NEW, ...B, ...C] },
  { name: 'restore', steps: [replaced, { do: 'restore', version: 2 }], rows: ALL },
  { name: 'vacuum', steps: [replaced, { do: 'vacuum' }], rows: [...NEW, ...B, ...C] },
  {
    name: 'a column added',
    steps: [{ do: 'add_column', name: 'venue' }],
    rows: ALL.map((row) => [...row, null]),
    columns: ['id', 'close', 'month', 'venue'],
  },
  {
    name: 'a constraint added',
    steps: [{ do: 'add_constraint', name: 'positive', expression: 'close >= 0' }],
    rows: ALL,
  },
  {
    name: 'a constraint dropped',
    steps: [
      { do: 'add_constraint', name: 'positive', expression: 'close >= 0' },
      { do: 'drop_constraint', name: 'positive' },
    ],
    rows: ALL,
  },
  { name: 'the change feed turned on', steps: [property('delta.enableChangeDataFeed')], rows: ALL },
  { name: 'appending only', steps: [property('delta.appendOnly')], rows: ALL },
  {
    name: 'in-commit timestamps turned on',
    steps: [property('delta.enableInCommitTimestamps')],
    rows: ALL,
    withoutDeltaRs: {},
  },
  {
    name: 'deletion vectors allowed',
    steps: [property('delta.enableDeletionVectors')],
    rows: ALL,
    withoutDeltaRs: {},
  },
  {
    name: 'V2 checkpoints chosen',
    steps: [property('delta.checkpointPolicy', 'v2')],
    rows: ALL,
    withoutDeltaRs: {},
  },
  {
    name: 'a column renamed',
    steps: [{ do: 'rename_column', from: 'close', to: 'last' }],
    rows: ALL,
    columns: ['id', 'last', 'month'],
    withoutDeltaRs: {},
  },
  {
    name: 'a column dropped',
    steps: [{ do: 'drop_column', name: 'close' }],
    rows: ALL.map(([id = null, , month = null]) => [id, month]),
    columns: ['id', 'month'],
    withoutDeltaRs: {},
  },
];

export type Engine = 'barline' | 'delta-rs' | 'spark';
export interface Run {
  readonly name: string;
  readonly path: string;
  readonly case: Case;
  readonly made: Engine;
  readonly changed: Engine;
  readonly continued: Engine;
}

/** Who makes, who changes, who continues. Each engine has each part once, where it has the operation. */
const TURNS: readonly (readonly [Engine, Engine, Engine])[] = [
  ['barline', 'delta-rs', 'spark'],
  ['spark', 'barline', 'delta-rs'],
  ['delta-rs', 'spark', 'barline'],
];
const TURNS_OF_TWO: readonly (readonly [Engine, Engine, Engine])[] = [
  ['spark', 'barline', 'spark'],
  ['barline', 'spark', 'barline'],
];

export const runsIn = (root: string): readonly Run[] =>
  CASES.flatMap((each, n) =>
    (each.withoutDeltaRs ? TURNS_OF_TWO : TURNS).map(([made, changed, continued], i) => ({
      name: `${each.name}: made by ${made}, changed by ${changed}, continued by ${continued}`,
      path: join(root, `case-${n}-${i}`),
      case: each,
      made,
      changed,
      continued,
    })),
  );

export const plan = (run: Run): readonly (readonly [Engine, readonly Step[]])[] => [
  [run.made, MADE],
  [run.changed, run.case.steps],
  // Barline does not yet write rows under column mapping; its part is a change of the log there
  [
    run.continued,
    run.continued === 'barline' && run.case.columns !== undefined && run.case.withoutDeltaRs ? [] : [APPEND],
  ],
];

export function readOf({ columns = COLUMNS }: Case): ReadStep {
  return { do: 'read', sql: `SELECT ${columns.join(', ')} FROM t ORDER BY id` };
}
