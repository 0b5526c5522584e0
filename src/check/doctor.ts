/** Whether a machine is fit to run Barline, one finding after another. */
import { availableParallelism, tmpdir } from 'node:os';
import { isS3Uri, openStorage, s3SettingsFrom } from '../storage/index.ts';
import { checkBucket } from './bucket.ts';
import { checkDisk } from './disk.ts';
import { type Finding, ok } from './finding.ts';
import { checkLake } from './lake-integrity.ts';
import {
  checkCores,
  checkDuckDb,
  checkMemory,
  checkNode,
  checkTemporaryFolder,
  checkTimeZones,
} from './machine.ts';

export interface DoctorRequest {
  readonly lakeUri: string;
  readonly sourceUri: string;
  readonly memoryByteLength: number;
  readonly workers?: number;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly now: () => number;
}

/** Each finding as it is made. Writes only probes, which it removes. Never shows the value of a credential. */
export async function* examine(request: DoctorRequest): AsyncGenerator<Finding> {
  const { lakeUri, sourceUri, environment, now } = request;
  yield checkNode(process.versions.node);
  yield checkMemory(request.memoryByteLength);
  yield checkCores(request.workers ?? availableParallelism());
  yield checkTimeZones();
  yield await checkTemporaryFolder(tmpdir());
  yield await checkDuckDb(tmpdir());
  const settings = s3SettingsFrom(environment);
  if (isS3Uri(sourceUri)) yield* checkBucket({ uri: sourceUri, use: 'source', settings, now });
  const folder = openStorage(lakeUri).localPath('');
  if (folder !== undefined) yield* await checkDisk(folder);
  else yield* checkBucket({ uri: lakeUri, use: 'lake', settings, now });
  if (!isS3Uri(sourceUri) && folder !== undefined)
    yield ok('credentials', 'not needed: source and lake are folders');
  yield* checkLake(lakeUri);
}
