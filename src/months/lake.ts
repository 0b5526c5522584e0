import { statSync } from 'node:fs';
import { usageError } from '../base/index.ts';
import { type AddFile, DeltaTable, encodeColumns, type TableDefinition } from '../delta/index.ts';
import type { ColumnData, EncodedRowGroup } from '../parquet/index.ts';
import { isTemporaryPath, openStorage, type Storage } from '../storage/index.ts';
import type { Month } from './month.ts';
import type { MonthRecord } from './plan.ts';
import { MONTH_COLUMN, MONTH_TABLES, type MonthTable, shapeOf } from './tables.ts';

/** Tag of a statistics file's `add` action: the record of its month, so that planning opens no Parquet. */
const RECORD_TAG = 'barline.month';

/** The application id of a month's transactions, on each of its tables. */
export const appIdOf = (month: Month) => `barline-month-${month}`;

/** The four monthly tables of a lake, opened or created as they are needed. */
export class MonthlyLake {
  readonly storage: Storage;
  readonly #runId: string;
  readonly #definitions: Readonly<Record<MonthTable, TableDefinition>>;
  readonly #tables = new Map<MonthTable, Promise<DeltaTable>>();

  private constructor(
    uri: string,
    runId: string,
    definitions: Readonly<Record<MonthTable, TableDefinition>>,
  ) {
    this.storage = openStorage(uri, { writer: runId });
    this.#runId = runId;
    this.#definitions = definitions;
  }

  /** Opens the tables that are there. Throws `DELTA_SCHEMA_MISMATCH` when one of them has other columns. */
  static async open(
    uri: string,
    runId: string,
    definitions: Readonly<Record<MonthTable, TableDefinition>>,
  ): Promise<MonthlyLake> {
    const lake = new MonthlyLake(uri, runId, definitions);
    lake.#requireFolder();
    for (const name of MONTH_TABLES) {
      if (await lake.#exists(name)) await lake.#openOrCreate(name);
    }
    return lake;
  }

  /** A lake that is not there yet is fine. */
  #requireFolder(): void {
    const root = this.storage.localPath('');
    if (root === undefined || statSync(root, { throwIfNoEntry: false })?.isFile() !== true) return;
    throw usageError(
      `the lake ${this.storage.uri} is a file, not a folder`,
      'name another place with --lake',
    );
  }

  /** Whether there is a log; a file that a crashed writer left half-written in its folder is none. */
  async #exists(name: MonthTable): Promise<boolean> {
    for await (const file of this.storage.list(`${name}/_delta_log/`, { details: false })) {
      if (!isTemporaryPath(file.path)) return true;
    }
    return false;
  }

  #openOrCreate(name: MonthTable): Promise<DeltaTable> {
    const known = this.#tables.get(name);
    if (known !== undefined) return known;
    const storage = openStorage(`${this.storage.uri}/${name}`, { writer: this.#runId });
    const table = DeltaTable.openOrCreate(storage, this.#definitions[name]);
    this.#tables.set(name, table);
    // a disk that was full may have room for the next month
    table.catch(() => this.#tables.delete(name));
    return table;
  }

  /** Paths every version of a table names; none when there is no table. */
  async referencedPaths(name: string): Promise<ReadonlySet<string>> {
    const table = MONTH_TABLES.find((each) => each === name);
    if (table === undefined || !(await this.#exists(table))) return new Set();
    return (await this.#openOrCreate(table)).allReferencedPaths();
  }

  /** What the lake knows of each finished month: those whose statistics and rows belong together. */
  async records(): Promise<Map<Month, MonthRecord>> {
    const records = new Map<Month, MonthRecord>();
    const training = await (await this.#tables.get('training_bars'))?.snapshot();
    const statistics = await (await this.#tables.get('monthly_statistics'))?.snapshot();
    if (training === undefined || statistics === undefined) return records;
    const sides = [await this.#tables.get('quarantine'), await this.#tables.get('rolls')];
    for (const file of statistics.files()) {
      const record = recordOfFile(file);
      if (record === undefined) continue;
      const { month, txnVersion } = record;
      // a month whose replacement was cut short has newer statistics, or newer rows beside them, than its bars
      if (training.transactions.get(appIdOf(month))?.version !== txnVersion) continue;
      const txnOf = (table: DeltaTable | undefined) =>
        table?.latest.transactions.get(appIdOf(month))?.version;
      if (sides.some((side) => (txnOf(side) ?? 0) > txnVersion)) continue;
      records.set(month, record);
    }
    return records;
  }

  /** A number above those of all earlier transactions of the month. */
  async nextTxnVersion(month: Month, nowMs: number): Promise<number> {
    const snapshot = await (await this.#tables.get('training_bars'))?.snapshot();
    const last = snapshot?.transactions.get(appIdOf(month))?.version ?? 0;
    return Math.max(last + 1, nowMs);
  }

  /** Writes a data file of a month, durably; no version names it yet. */
  async writeRowGroups(
    name: MonthTable,
    month: Month,
    rowGroups: readonly EncodedRowGroup[],
    tags?: Readonly<Record<string, string>>,
  ): Promise<AddFile> {
    const table = await this.#openOrCreate(name);
    return table.writeRowGroups(rowGroups, {
      partitionValues: { [MONTH_COLUMN]: month },
      nameToken: this.#runId,
      ...(tags && { tags }),
    });
  }

  /** The same from columns, for the small tables; no rows, no file. */
  async writeColumns(
    name: MonthTable,
    month: Month,
    columns: Readonly<Record<string, ColumnData>>,
    tags?: Readonly<Record<string, string>>,
  ): Promise<AddFile[]> {
    const rowGroup = encodeColumns(shapeOf(this.#definitions[name]), columns);
    return rowGroup.rowCount === 0 ? [] : [await this.writeRowGroups(name, month, [rowGroup], tags)];
  }

  static recordTags(record: MonthRecord): Readonly<Record<string, string>> {
    return { [RECORD_TAG]: JSON.stringify(record) };
  }

  /**
   * Replaces a month in all four tables, `training_bars` last, under one transaction number: a crash in between leaves
   * the old rows, and a table whose transaction is newer than theirs, so that the next run takes the month again.
   * Returns the version of `training_bars`.
   */
  async commitMonth(
    month: Month,
    files: Readonly<Record<MonthTable, readonly AddFile[]>>,
    txnVersion: number,
  ): Promise<number> {
    let version = 0;
    for (const name of MONTH_TABLES) {
      const table = await this.#openOrCreate(name);
      const scan = await table.scan({ where: { [MONTH_COLUMN]: month } });
      const isEmpty = files[name].length === 0 && scan.files.length === 0;
      if (isEmpty && name !== 'training_bars') continue;
      const txn = { appId: appIdOf(month), version: txnVersion };
      ({ version } = await table.replaceWhere({ [MONTH_COLUMN]: month }, files[name], { txn }));
    }
    return version;
  }
}

/** The record in a statistics file's tags. Undefined where none can be read: the month is then made again. */
export function recordOfFile(file: AddFile): MonthRecord | undefined {
  try {
    const value: unknown = JSON.parse(file.tags?.[RECORD_TAG] ?? 'null');
    return isRecord(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isRecord(value: unknown): value is MonthRecord {
  return typeof value === 'object' && value !== null && 'month' in value && 'txnVersion' in value;
}
