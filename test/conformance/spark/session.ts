import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

export interface SparkRequest {
  readonly do: string;
  readonly with: object;
}

/** Where install-spark.sh puts its set; the same rule as there. */
function sparkFolder(): string {
  const cache = process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache');
  return process.env.BARLINE_SPARK_DIR ?? join(cache, 'barline', 'spark-4.2.0-delta-4.4.0');
}

/** Sends requests to one Spark session (serve.py names them) and gives their answers in order. */
export function askSpark(requests: readonly SparkRequest[]): unknown[] {
  const folder = sparkFolder();
  if (!existsSync(join(folder, 'complete-1'))) {
    throw new Error(`Spark is not installed in ${folder}: run test/conformance/install-spark.sh`);
  }
  const run = spawnSync(join(folder, 'venv/bin/python'), [join(import.meta.dirname, 'serve.py')], {
    input: JSON.stringify(requests),
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    env: { ...process.env, BARLINE_SPARK_JARS: join(folder, 'jars'), SPARK_LOCAL_IP: '127.0.0.1', TZ: 'UTC' },
  });
  if (run.status !== 0) throw new Error(`Spark failed: ${run.error ?? run.stderr.slice(-4000)}`);
  return JSON.parse(run.stdout);
}
