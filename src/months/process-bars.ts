import {
  allRows,
  type Bars,
  type CleaningReport,
  type ContractReport,
  chooseContract,
  cleanBars,
  fillGrid,
  type Grid,
  type GridReport,
  gridOfBars,
  inSession,
  type RollReport,
  type SessionReport,
  takeRows,
  unfilledGrid,
} from '../bars/index.ts';
import { usageError } from '../base/index.ts';
import { parquetSchema } from '../delta/index.ts';
import { computeFeatures } from '../features/index.ts';
import { computeLabels, monthlyDecay } from '../labels/index.ts';
import type { ColumnData, ParquetField } from '../parquet/index.ts';
import { barColumns, featureColumnData, labelColumns } from './build.ts';
import { hoursOf } from './prepare.ts';
import type { Processing } from './processing.ts';
import { markRolls } from './roll-marks.ts';
import { shapeOf, trainingBarsTable } from './tables.ts';

export const PROCESS_STAGES = ['contract', 'session', 'clean', 'grid', 'labels', 'features'] as const;

export type ProcessStage = (typeof PROCESS_STAGES)[number];

export interface ProcessReport {
  readonly rowsIn: number;
  readonly rowsOut: number;
  readonly contract: ContractReport | null;
  readonly session: SessionReport | null;
  readonly cleaning: CleaningReport | null;
  readonly grid: GridReport | null;
  readonly rolls: RollReport | null;
  /** Feature categories that failed and are null. */
  readonly featureFailures: readonly FeatureFailureNote[];
}

interface FeatureFailureNote {
  readonly category: string;
  readonly message: string;
}

export interface ProcessedBars {
  readonly fields: readonly ParquetField[];
  readonly columns: readonly ColumnData[];
  readonly report: ProcessReport;
}

/** Checks a choice of stages; they always run in the order of `PROCESS_STAGES`. */
export function checkStages(names: readonly string[]): ProcessStage[] {
  const unknown = names.find((name) => !PROCESS_STAGES.some((stage) => stage === name));
  if (unknown !== undefined || names.length === 0) {
    throw usageError(
      `--stages: unknown stage ${JSON.stringify(unknown ?? '')}`,
      `the stages are ${PROCESS_STAGES.join(', ')}`,
    );
  }
  const needs: readonly (readonly [ProcessStage, ProcessStage])[] = [
    ['clean', 'session'],
    ['grid', 'clean'],
  ];
  for (const [stage, needed] of needs) {
    if (names.includes(stage) && !names.includes(needed)) {
      throw usageError(`--stages: ${stage} needs ${needed}`, `say --stages ${needed},${stage},…`);
    }
  }
  return PROCESS_STAGES.filter((stage) => names.includes(stage));
}

/**
 * Takes bars through the stages named, in one thread. Labels count their decay from the newest month of the input.
 * Without the clean stage labels and features take the rows as they are: they must be in order and on the tick grid.
 */
export function processBars(
  bars: Bars,
  stages: readonly ProcessStage[],
  processing: Processing,
  source: string,
): ProcessedBars {
  const has = (stage: ProcessStage) => stages.includes(stage);
  const reduced = reduceBars(bars, stages, processing);
  const { report } = reduced;
  if (!has('clean') && !has('labels') && !has('features')) return rawColumns(reduced.bars, report);
  const { instrument } = processing;
  const grid = reduced.grid ?? gridOfBars(reduced.bars, instrument, hoursOf(processing), source);
  const columns = new Map(barColumns(grid, instrument.tickSize));
  const withKernels = runKernels(grid, stages, processing, report);
  for (const [name, column] of withKernels.columns) columns.set(name, column);
  const { schema, partitionColumns } = shapeOf(trainingBarsTable(processing.labels.modes));
  const fields = parquetSchema(schema, partitionColumns).fields.filter(({ name }) => columns.has(name));
  return {
    fields,
    columns: fields.map(({ name }) => columns.get(name) ?? { values: [] }),
    report: {
      ...report,
      rowsOut: grid.rowCount,
      rolls: withKernels.rolls,
      featureFailures: withKernels.failures,
    },
  };
}

/** contract → session → clean → grid, as far as asked. */
function reduceBars(
  bars: Bars,
  stages: readonly ProcessStage[],
  processing: Processing,
): { bars: Bars; grid: Grid | null; report: ProcessReport } {
  const has = (stage: ProcessStage) => stages.includes(stage);
  const { instrument } = processing;
  const hours = hoursOf(processing);
  const contract = has('contract')
    ? chooseContract(bars, { instrument, hours, ...processing.contract })
    : null;
  const rows = contract?.rows ?? allRows(bars.rowCount);
  const session = has('session') ? inSession(bars, rows, { hours }) : null;
  const cleaned = session !== null && has('clean') ? cleanBars(bars, session.inside, { instrument }) : null;
  const filled = cleaned !== null && has('grid') ? fillGrid(cleaned.clean, { clock: hours.clock }) : null;
  const grid = filled?.grid ?? (cleaned === null ? null : unfilledGrid(cleaned.clean, hours));
  const kept = session?.inside.rows ?? rows;
  return {
    bars: grid === null ? takeRows(bars, kept) : bars,
    grid,
    report: {
      rowsIn: bars.rowCount,
      rowsOut: grid?.rowCount ?? kept.length,
      contract: contract?.report ?? null,
      session: session?.report ?? null,
      cleaning: cleaned?.report ?? null,
      grid: filled?.report ?? null,
      rolls: null,
      featureFailures: [],
    },
  };
}

function runKernels(
  grid: Grid,
  stages: readonly ProcessStage[],
  processing: Processing,
  report: ProcessReport,
): { columns: Map<string, ColumnData>; rolls: RollReport | null; failures: FeatureFailureNote[] } {
  const { instrument, labels: options } = processing;
  const scope = options.sessions === 'respect' ? 'session' : 'all';
  const columns = new Map<string, ColumnData>();
  let rolls: RollReport | null = null;
  const failures: FeatureFailureNote[] = [];
  if (stages.includes('labels')) {
    const marked = markRolls(grid, processing, {
      candidates: report.contract?.rolls ?? [],
      previousFront: null,
    });
    rolls = marked.rolls;
    const labels = computeLabels(grid, {
      modes: options.modes,
      timeoutBars: options.timeoutSeconds,
      affected: marked.affected,
      scope,
      decay: monthlyDecay(grid.tsUs, options.decayPerMonth),
    });
    for (const [name, column] of labelColumns(options.modes, labels)) columns.set(name, column);
  }
  if (stages.includes('features')) {
    const features = computeFeatures(grid, { tickSize: instrument.tickSize, scope });
    for (const [name, column] of featureColumnData(features)) columns.set(name, column);
    for (const { category, error } of features.failures) failures.push({ category, message: String(error) });
  }
  return { columns, rolls, failures };
}

function rawColumns(bars: Bars, report: ProcessReport): ProcessedBars {
  const { instrument, instruments } = bars;
  const price = (values: Float64Array): ColumnData => ({ values, nanIsNull: true });
  const fields: ParquetField[] = [
    { name: 'timestamp', type: 'timestamp' },
    { name: 'open', type: 'double' },
    { name: 'high', type: 'double' },
    { name: 'low', type: 'double' },
    { name: 'close', type: 'double' },
    { name: 'volume', type: 'int64' },
  ];
  const columns: ColumnData[] = [
    { values: bars.tsUs },
    price(bars.open),
    price(bars.high),
    price(bars.low),
    price(bars.close),
    price(bars.volume),
  ];
  if (instrument !== undefined) {
    fields.push({ name: 'instrument_id', type: 'int64' }, { name: 'symbol', type: 'string' });
    columns.push(
      { values: Float64Array.from(instrument, (index) => instruments[index].id) },
      { values: Array.from(instrument, (index) => instruments[index].symbol) },
    );
  }
  return { fields, columns, report };
}
