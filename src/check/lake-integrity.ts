import { BarlineError } from '../base/index.ts';
import { verifyTable } from '../delta/index.ts';
import { lakeTables } from '../query/index.ts';
import { type Finding, fail, failed, ok, warn } from './finding.ts';

/** Proves of each table of a lake that its log and its files agree. A lake that is not there yet is none that is broken. */
export async function* checkLake(lakeUri: string): AsyncGenerator<Finding> {
  let names: string[];
  try {
    names = await lakeTables(lakeUri);
  } catch (error) {
    yield error instanceof BarlineError && error.code === 'LAKE_NOT_FOUND'
      ? ok('lake', `${lakeUri} is not there yet; the first run makes it`)
      : failed('lake', error, 'name another lake with --lake');
    return;
  }
  if (names.length === 0) yield ok('lake', `${lakeUri} has no tables yet`);
  for (const name of names) yield await checkTable(lakeUri, name);
}

async function checkTable(lakeUri: string, name: string): Promise<Finding> {
  const title = `table ${name}`;
  const action = `\`barline table verify ${name}\` names each file and what to do`;
  try {
    const { version, commitCount, fileCount, damages } = await verifyTable(`${lakeUri}/${name}`);
    const errors = damages.filter(({ severity }) => severity === 'error').length;
    const counts = `version ${version}, ${commitCount} commits, ${fileCount} files`;
    if (damages.length === 0) return ok(title, `${counts}: agree`);
    const found = `${counts}: ${errors} errors, ${damages.length - errors} warnings; ${damages[0]?.message ?? ''}`;
    return errors > 0 ? fail(title, found, action) : warn(title, found, action);
  } catch (error) {
    return failed(title, error, action);
  }
}
