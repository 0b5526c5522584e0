import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { BarlineError, masked } from '../../src/base/index.ts';
import { loadSettings } from '../../src/cli/configuration.ts';
import { temporaryFolder } from './run-cli.ts';

async function alertsOf(yaml: string) {
  const directory = temporaryFolder();
  writeFileSync(join(directory, 'barline.yaml'), `alerts: ${yaml}\n`);
  return (await loadSettings({ directory, environment: {}, globals: {} })).value.alerts;
}

async function errorOf(yaml: string): Promise<BarlineError> {
  const error = await alertsOf(yaml).catch((thrown: unknown) => thrown);
  if (error instanceof BarlineError) return error;
  throw new Error(`expected an error, found ${JSON.stringify(error)}`);
}

test('alerts go to the console unless told', async () => {
  expect(await alertsOf('{}')).toEqual({
    sinks: [{ type: 'console', name: 'console' }],
    month_minutes: 45,
    score: 0.8,
    win_rate: [0.05, 0.5],
    error_rate: 0.02,
    memory: null,
    resolved: true,
    group_seconds: 30,
    wait_seconds: 5,
    timeout_seconds: 10,
  });
});

test('a sink is called by its type, and speaks STARTTLS on port 587', async () => {
  const smtp = '{ type: smtp, host: h, from: Barline <a@b.org>, to: [a@b.org] }';
  expect((await alertsOf(`{ sinks: [${smtp}] }`)).sinks).toEqual([
    {
      type: 'smtp',
      name: 'smtp',
      host: 'h',
      port: 587,
      tls: 'starttls',
      from: 'Barline <a@b.org>',
      to: ['a@b.org'],
    },
  ]);
});

test.each([
  ['{ sinks: [{ type: console }, { type: console }] }', /alerts\.sinks = .*: two sinks of one name/],
  ['{ sinks: [{ type: pager }] }', /expected a mapping with type console, slack, webhook, smtp/],
  ['{ sinks: [{ type: slack }] }', /sinks\.0\.url: expected either url or url_env/],
  ['{ sinks: [{ type: slack, url: "http://h/x", url_env: U }] }', /expected either url or url_env/],
  [
    '{ sinks: [{ type: slack, url_env: "no variable" }] }',
    /url_env = .*: expected the name of an environment/,
  ],
  ['{ sinks: [{ type: smtp, host: h, from: a, to: [a@b] }] }', /from = "a": expected an e-mail address/],
  ['{ sinks: [{ type: smtp, host: h, from: a@b, to: [a@b], user: me }] }', /user and password_env together/],
  [
    '{ sinks: [{ type: smtp, host: h, from: a@b, to: [a@b], user: me, password_env: P, tls: none }] }',
    /tls = "none": expected starttls or tls/,
  ],
  [
    '{ sinks: [{ type: smtp, host: h, from: a@b, to: [a@b], password: tellnobody }] }',
    /sinks\.0\.password: unknown key; allowed here: .*password_env/,
  ],
  ['{ win_rate: [0.5, 0.05] }', /win_rate = .*: expected the lower one first/],
  ['{ memory: much }', /memory = "much": expected a size/],
])('%s is wrong', async (yaml, message) => {
  const { message: found, facts, exitCode } = await errorOf(yaml);
  expect(found).toMatch(message);
  expect(exitCode).toBe(2);
  expect(JSON.stringify(facts)).not.toContain('tellnobody');
});

test.each([
  '{ sinks: [{ type: slack, url: "ftp://h/services/tellnobody" }] }',
  '{ sinks: [{ type: slack, url: "tellnobody" }] }',
  '{ sinks: [{ type: slack, url: "https://me:tellnobody@h/" }] }',
  '{ sinks: [{ type: slack, url: "https://h/tellnobody" }, { type: slack, url: "https://h/tellnobody" }] }',
  '{ sinks: ["https://h/services/tellnobody"] }',
  '{ sinks: "https://h/services/tellnobody" }',
])('the error of %s does not tell what may be secret', async (yaml) => {
  const { message, facts, hint } = await errorOf(yaml);
  expect(message).toContain('alerts.sinks');
  expect(JSON.stringify({ message, facts, hint })).not.toContain('tellnobody');
});

test('settings are masked by their keys, at any depth', () => {
  expect(masked('a', { api_key: 'x', secret_env: 'NAME', list: [{ token: 'x', plain: 1 }] })).toEqual({
    api_key: '***',
    secret_env: 'NAME',
    list: [{ token: '***', plain: 1 }],
  });
  expect(masked('providers.x.base_url', 'https://h/path')).toBe('https://h/path');
  expect(masked('alerts.sinks', [{ url: 'https://h:1/path?k=v', host: 'h' }])).toEqual([
    { url: 'https://h:1/***', host: 'h' },
  ]);
});
