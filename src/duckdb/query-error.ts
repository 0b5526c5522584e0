/** What DuckDB says, as an error a person can act on. */
import { BarlineError } from '../base/index.ts';

const PREFIX = /^(?:Failed to extract statements: )?([A-Z][A-Za-z ]*?) Error: /;

const DAMAGED_FILE =
  /magic bytes|too small to be a Parquet file|Invalid Parquet|[Ff]ooter length|not a valid Parquet|don't know what type|TProtocolException|Snappy|ZSTD Decompression|decompression/;

/** Kinds of errors that the text of the query is to blame for. */
const ABOUT_THE_SQL = new Set(['Parser', 'Binder', 'Catalog', 'Conversion', 'Syntax', 'Type', 'Expression']);

/** An error of DuckDB's with its first sentence as message; anything else comes back as it is. */
export function queryError(error: unknown, what: string): unknown {
  if (!(error instanceof Error) || error instanceof BarlineError) return error;
  const kind = PREFIX.exec(error.message)?.[1];
  if (kind === undefined) return error;
  const said = error.message.replace(PREFIX, '');
  const sentence = (said.split('\n')[0] ?? '').trim();
  const candidates = /Candidate bindings: (.*)/.exec(said)?.[1] ?? /Did you mean (.*)\?/.exec(said)?.[1];
  if (ABOUT_THE_SQL.has(kind)) {
    return new BarlineError({
      code: 'SQL_INVALID',
      message: `${what}: ${sentence}`,
      hint: candidates === undefined ? pointer(said) : `did you mean ${candidates.replaceAll('"', '')}?`,
      exitCode: 2,
      cause: error,
      facts: { kind: kind.toLowerCase() },
    });
  }
  const missing =
    /No files found that match the pattern "(.*)"/.exec(said)?.[1] ??
    /Cannot open file "(.*?)": No such file or directory/.exec(said)?.[1];
  if (missing !== undefined) {
    return new BarlineError({
      code: 'QUERY_FILE_MISSING',
      // a pattern that stands for one file has its special characters in brackets
      message: `${what}: there is no file ${missing.replace(/\[([*?[])\]/g, '$1')}`,
      hint: 'if it belongs to a table, somebody deleted it: restore it from a backup, or read an older version',
      cause: error,
      facts: { file: missing },
    });
  }
  if (DAMAGED_FILE.test(said)) {
    return new BarlineError({
      code: 'QUERY_FILE_DAMAGED',
      message: `${what}: ${sentence}`,
      hint: 'the file was cut short or overwritten: restore it from a backup; `barline table verify` names all such files of a table',
      cause: error,
    });
  }
  return new BarlineError({
    code: kind === 'Out of Memory' ? 'QUERY_OUT_OF_MEMORY' : 'QUERY_FAILED',
    message: `${what}: ${sentence}`,
    ...(kind === 'Out of Memory' && {
      hint: 'raise run.memory in barline.yaml, or ask for fewer rows or columns',
    }),
    cause: error,
    facts: { kind: kind.toLowerCase() },
  });
}

/** `at: …` with the part of the query DuckDB's caret points at, when it names one. */
function pointer(said: string): string | undefined {
  const lines = said.split('\n');
  const caret = lines.findIndex((line) => /^\s*\^\s*$/.test(line));
  const line = lines[caret - 1];
  if (caret < 1 || line === undefined) return undefined;
  const at = line.slice(lines[caret]?.indexOf('^') ?? 0).trim();
  return at === '' ? undefined : `look at: ${at}`;
}
