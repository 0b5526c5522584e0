import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Circuit } from '../../src/providers/circuit.ts';
import { lakeCircuitRecords, lakeCircuits, memoryCircuits } from '../../src/providers/index.ts';
import { openStorage } from '../../src/storage/index.ts';
import { TestClock } from './test-clock.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'barline-circuits-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function failTimes(circuit: Circuit, count: number): Promise<void> {
  for (let k = 0; k < count; k++) {
    await circuit.admit();
    await circuit.failed('HTTP 503');
  }
}

describe('a circuit', () => {
  it('opens after five failures in a row, tries one request after 60 s, closes when it is answered', async () => {
    const clock = new TestClock(1e12);
    const circuit = new Circuit('coinbase', memoryCircuits(), clock);
    await failTimes(circuit, 4);
    await circuit.admit();
    await circuit.succeeded();
    await failTimes(circuit, 5);
    await expect(circuit.admit()).rejects.toMatchObject({
      code: 'PROVIDER_CIRCUIT_OPEN',
      facts: { failures: 5, retry_after_seconds: 60 },
    });
    clock.nowMs += 59_999;
    await expect(circuit.admit()).rejects.toThrow('tried again in 1 s');
    clock.nowMs += 1;
    await circuit.admit();
    await expect(circuit.admit()).rejects.toThrow('not asked');
    await circuit.failed('HTTP 503');
    await expect(circuit.admit()).rejects.toThrow('tried again in 60 s');
    clock.nowMs += 60_000;
    await circuit.admit();
    await circuit.succeeded();
    await failTimes(circuit, 4);
    await circuit.admit();
  });

  it('frees the try of a request that was given up', async () => {
    const clock = new TestClock(1e12);
    const circuit = new Circuit('coinbase', memoryCircuits(), clock);
    await failTimes(circuit, 5);
    clock.nowMs += 60_000;
    await circuit.admit();
    circuit.abandoned();
    await circuit.admit();
  });

  it('is known to the next process by a file in the lake', async () => {
    const clock = new TestClock(Date.UTC(2024, 2, 1));
    const lake = openStorage(folder);
    await failTimes(new Circuit('oanda', lakeCircuits(lake), clock), 5);
    await failTimes(new Circuit('ccxt:kraken', lakeCircuits(lake), clock), 2);
    const next = new Circuit('oanda', lakeCircuits(openStorage(folder)), clock);
    await expect(next.admit()).rejects.toThrow('oanda: not asked, since 5 requests in a row failed');
    expect(Object.fromEntries(await lakeCircuitRecords(lake))).toMatchObject({
      oanda: { failures: 5, openedAtMs: clock.nowMs, lastError: 'HTTP 503' },
      'ccxt:kraken': { failures: 2, openedAtMs: null },
    });
    clock.nowMs += 60_000;
    await next.admit();
    await next.succeeded();
    expect((await lakeCircuitRecords(lake)).get('oanda')).toMatchObject({ failures: 0, openedAtMs: null });
  });

  it('starts closed where the file is garbage, or cannot be written', async () => {
    await mkdir(join(folder, '_barline'));
    for (const text of ['', '[', '"x"', '{"oanda":7}', '{"oanda":{"failures":"many"}}']) {
      await writeFile(join(folder, '_barline', 'providers.json'), text);
      await new Circuit('oanda', lakeCircuits(openStorage(folder)), new TestClock(0)).admit();
    }
    await writeFile(join(folder, 'file'), '');
    const nowhere = openStorage(join(folder, 'file', 'lake'));
    await failTimes(new Circuit('oanda', lakeCircuits(nowhere), new TestClock(0)), 3);
  });
});
