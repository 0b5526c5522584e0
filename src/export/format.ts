/** The file formats a command line names by their extension. */
import { usageError } from '../base/index.ts';

export const FILE_FORMATS = ['parquet', 'csv', 'ndjson', 'dbn', 'dbn.zst'] as const;

export type FileFormat = (typeof FILE_FORMATS)[number];

const EXTENSIONS: readonly (readonly [string, FileFormat])[] = [
  ['.parquet', 'parquet'],
  ['.csv', 'csv'],
  ['.ndjson', 'ndjson'],
  ['.jsonl', 'ndjson'],
  ['.dbn', 'dbn'],
  ['.dbn.zst', 'dbn.zst'],
];

/** The format a file's name says, or undefined. */
export function formatOf(path: string): FileFormat | undefined {
  const name = path.toLowerCase();
  return EXTENSIONS.find(([extension]) => name.endsWith(extension))?.[1];
}

/** The format of an output, which must be one of `allowed`; throws a usage error that names them. */
export function outputFormat<F extends FileFormat>(path: string, allowed: readonly F[]): F {
  const named = formatOf(path);
  const format = allowed.find((each) => each === named);
  if (format !== undefined) return format;
  throw usageError(
    `the output ${path} has no format that can be written: expected a name that ends in ${allowed.map((each) => `.${each}`).join(', ')}`,
    'the ending of the name chooses the format',
    { output: path, formats: allowed },
  );
}
