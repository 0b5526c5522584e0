import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const RESULTS = new URL('../results/', import.meta.url);

/** Writes `bench/results/<name>.json` and says where. */
export function writeResult(name: string, result: object): void {
  mkdirSync(RESULTS, { recursive: true });
  const path = new URL(`${name}.json`, RESULTS);
  writeFileSync(path, `${JSON.stringify({ benchmark: name, ...result }, null, 1)}\n`);
  console.log(`\nwritten: ${fileURLToPath(path)}`);
}
