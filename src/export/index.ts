/** Files that commands write for other programs: formats, atomic outputs, DBN bars as Parquet, CSV and JSON lines. */
export { BAR_COLUMNS, type BarColumns, barColumns } from './bar-columns.ts';
export { BAR_PARQUET_SCHEMA } from './bar-parquet.ts';
export { type BarRecord, barRecords, CSV_HEADER, csvRows, ndjsonRows } from './bar-text.ts';
export {
  type Conversion,
  type ConversionOptions,
  type ConversionTarget,
  convertBars,
} from './convert.ts';
export { FILE_FORMATS, type FileFormat, formatOf, outputFormat } from './format.ts';
export { fillOutputFile, type OutputFile, outputFile, writeOutputFile } from './output-file.ts';
export { timestampText } from './timestamp-text.ts';
