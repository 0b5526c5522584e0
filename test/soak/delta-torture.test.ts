import { describe, expect, it } from 'vitest';
import { torture } from './delta-torture.ts';

// The same at length: node test/soak/delta-torture.ts --seconds 180
const SECONDS = 12;

describe('eight processes that change one table, while others among them are killed', () => {
  const seen = new Set<string>();

  // odd seeds with deletion vectors
  it.each([
    ['disk', 1],
    ['disk', 2],
    ['s3', 3],
    ['s3', 4],
  ] as const)(
    'lose nothing, double nothing, tear nothing: %s, seed %i',
    { timeout: 240_000 },
    async (store, seed) => {
      const result = await torture({ store, seed, seconds: SECONDS, writers: 8, victims: 3 });
      process.stdout.write(`${store} ${seed}: ${JSON.stringify(result)}\n`);
      expect(result.kills).toBeGreaterThan(2);
      expect(result.acknowledged).toBeGreaterThan(5);
      for (const operation of Object.keys(result.commits)) seen.add(operation);
    },
  );

  it('did all they can', () => {
    expect([...seen].sort()).toEqual(['CREATE TABLE', 'DELETE', 'MERGE', 'OPTIMIZE', 'UPDATE', 'WRITE']);
  });
});
