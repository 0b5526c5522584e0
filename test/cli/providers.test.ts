import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { KEYS } from '../providers/bars.ts';
import { VendorServer } from '../providers/vendor-server.ts';
import { coinbaseApi, oandaApi } from '../providers/vendors.ts';
import { downloadedFile, providerLine } from './json-shapes.ts';
import { jsonLines, runCli } from './run-cli.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'barline-providers-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const noKeys = { ALPHA_VANTAGE_API_KEY: '', OANDA_API_KEY: '', DATABENTO_API_KEY: '' };

async function linesOf(args: readonly string[], env: Readonly<Record<string, string>> = noKeys) {
  const { code, stdout, stderr } = await runCli(['providers', '--json', ...args], { cwd: folder, env });
  return { code, stderr, lines: jsonLines(stdout).map((line) => providerLine.parse(line)) };
}

describe('barline providers', () => {
  test('shows names, keys, limits and circuits without asking anybody', async () => {
    const { code, lines } = await linesOf([]);
    expect(code).toBe(0);
    expect(lines.map(({ name, key, circuit }) => [name, key, circuit].join(' '))).toEqual([
      'alpha_vantage missing closed',
      'coinbase not needed closed',
      'oanda missing closed',
      'databento missing closed',
      'replay not needed closed',
    ]);
    const { stdout, stderr } = await runCli(['providers'], { cwd: folder, env: noKeys });
    expect(stdout).toContain('https://api.exchange.coinbase.com');
    expect(stderr).toContain('oanda: set OANDA_API_KEY in the environment');
  });

  test('shows the circuits that runs left in the lake, and exchanges of ccxt', async () => {
    writeFileSync(join(folder, 'barline.yaml'), 'providers:\n  ccxt:kraken: { requests_per_minute: 30 }\n');
    mkdirSync(join(folder, 'lake', '_barline'), { recursive: true });
    const failed = { failures: 5, last_error: 'HTTP 503', last_error_at: '2024-03-01T00:00:00.000Z' };
    const circuits = {
      oanda: { ...failed, opened_at: new Date().toISOString() },
      coinbase: { ...failed, opened_at: '2024-03-01T00:00:00.000Z' },
      'ccxt:binance': { ...failed, failures: 2, opened_at: null },
    };
    writeFileSync(join(folder, 'lake', '_barline', 'providers.json'), JSON.stringify(circuits));
    const { lines } = await linesOf([]);
    const states = lines.map(({ name, circuit, failures }) => [name, circuit, failures].join(' '));
    expect(states).toContain('oanda open 5');
    expect(states).toContain('coinbase half-open 5');
    expect(states).toContain('ccxt:binance closed 2');
    expect(lines.find(({ name }) => name === 'ccxt:kraken')).toMatchObject({
      key_variable: 'KRAKEN_API_KEY',
      requests_per_minute: 30,
    });
    const { stderr } = await runCli(['providers'], { cwd: folder, env: noKeys });
    expect(stderr).toContain('oanda: last error, 2024-03-01T00:00:00.000Z: HTTP 503');
  });

  test('asks each that has what it needs once, closes what answers, and shows no key', async () => {
    const market = { nowMs: Date.now, bars: () => [] };
    await using coinbase = await VendorServer.start(coinbaseApi(market));
    await using oanda = await VendorServer.start(oandaApi(market, 'another key'));
    const yaml = `providers:\n  coinbase: { base_url: ${coinbase.url} }\n  oanda: { base_url: ${oanda.url} }\n`;
    writeFileSync(join(folder, 'barline.yaml'), yaml);
    mkdirSync(join(folder, 'lake', '_barline'), { recursive: true });
    const open = {
      failures: 5,
      opened_at: new Date().toISOString(),
      last_error: 'HTTP 503',
      last_error_at: null,
    };
    writeFileSync(join(folder, 'lake', '_barline', 'providers.json'), JSON.stringify({ coinbase: open }));
    const env = { ...noKeys, OANDA_API_KEY: KEYS.OANDA_API_KEY };
    const { code, lines, stderr } = await linesOf(['--check'], env);
    expect(code).toBe(1);
    const checks = Object.fromEntries(lines.map(({ name, check }) => [name, check]));
    expect(checks.coinbase).toMatchObject({ ok: true });
    expect(checks.replay).toMatchObject({ ok: true });
    expect(checks.alpha_vantage).toBeNull();
    expect(checks.oanda).toMatchObject({ ok: false, error: { code: 'PROVIDER_FORBIDDEN' } });
    expect([coinbase.asked.length, oanda.asked.length]).toEqual([1, 1]);
    expect(JSON.stringify([lines, stderr])).not.toContain(KEYS.OANDA_API_KEY);
    const after = await linesOf([], env);
    expect(after.lines.find(({ name }) => name === 'coinbase')).toMatchObject({
      circuit: 'closed',
      failures: 0,
    });
  });

  test('refuses settings that are none', async () => {
    for (const [yaml, error] of [
      ['coinbse: {}', 'coinbse'],
      ['coinbase: { base_url: ftp://x }', 'expected an http:// or https:// address'],
      ['coinbase: { base_url: "https://key@x.example" }', 'expected no user name or key in the address'],
      ['coinbase: { requests_per_minute: 0 }', 'expected more than 0'],
      ['coinbase: { api_key: secret }', 'unknown key'],
    ] as const) {
      writeFileSync(join(folder, 'barline.yaml'), `providers:\n  ${yaml}\n`);
      const { code, stderr } = await runCli(['providers'], { cwd: folder });
      expect([code, stderr.includes(error)], stderr).toEqual([2, true]);
    }
  });
});

test('barline ingest months fetches a job into the source, once', async () => {
  const { createHash } = await import('node:crypto');
  const name = 'glbx-mdp3-20240301-20240331.ohlcv-1s.dbn.zst';
  const bytes = Buffer.from('the month of March');
  const hash = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
  const urls = { https: `https://api.databento.com/v0/batch/download/U/J/${name}` };
  await using server = await VendorServer.start(({ path }) => {
    if (path === '/v0/batch.get_job_details') return { body: { state: 'done' } };
    if (path === '/v0/batch.list_files')
      return { body: [{ filename: name, size: bytes.length, hash, urls }] };
    return path === `/v0/batch/download/U/J/${name}` ? { body: bytes } : { body: 3.5 };
  });
  writeFileSync(join(folder, 'barline.yaml'), `providers:\n  databento: { base_url: ${server.url} }\n`);
  const env = { ...noKeys, DATABENTO_API_KEY: KEYS.DATABENTO_API_KEY };
  const run = (...args: string[]) => runCli(['ingest', 'months', '--json', ...args], { cwd: folder, env });
  for (const status of ['downloaded', 'present']) {
    const { code, stdout, stderr } = await run('--job', 'J-1');
    expect(code, stderr).toBe(0);
    expect(jsonLines(stdout).map((line) => downloadedFile.parse(line))).toEqual([
      { job: 'J-1', file: name, bytes: 18, status },
    ]);
  }
  // March lies there: nothing is ordered, and April only with a yes
  const nothing = await run('--from', '2024-03', '--to', '2024-03');
  expect([nothing.code, nothing.stdout]).toEqual([0, '']);
  const refused = await run('--from', '2024-03', '--to', '2024-05');
  expect(refused.code).toBe(1);
  expect(refused.stderr).toContain(
    'ES.FUT ohlcv-1s 2024-04-01T00:00 to 2024-06-01T00:00 costs $3.50, and was not approved',
  );
  expect(server.asked.some(({ path }) => path === '/v0/batch.submit_job')).toBe(false);
  expect((await run()).code).toBe(2);
});

test('an exchange of ccxt asks for the library where it is not installed', async () => {
  const args = [
    'ingest',
    '--assets',
    'BTCUSD',
    '--timeframes',
    '1h',
    '--days',
    '1',
    '--provider',
    'ccxt:kraken',
  ];
  const { code, stderr } = await runCli(args, { cwd: folder, env: noKeys });
  expect(code).toBe(2);
  expect(stderr).toContain('error[PROVIDER_NO_LIBRARY]');
  expect(stderr).toContain('npm install ccxt');
});
