import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { nouns } from '../../src/cli/nouns.ts';
import { errorLine, settingsInForce } from './json-shapes.ts';
import { runCli, temporaryFolder } from './run-cli.ts';

async function inForce(args: readonly string[], options: Parameters<typeof runCli>[1]) {
  const { code, stdout, stderr } = await runCli(['config', 'show', '--json', ...args], options);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const { file, settings } = settingsInForce.parse(JSON.parse(stdout));
  return {
    file,
    of: (key: string) => settings.find((each) => each.key === key),
    keys: settings.map(({ key }) => key),
  };
}

describe('config show', () => {
  test('without a file: defaults, paths from the working directory', async () => {
    const cwd = temporaryFolder();
    const { file, of } = await inForce([], { cwd });
    expect(file).toBeNull();
    expect(of('lake')).toEqual({ key: 'lake', value: join(cwd, 'lake'), origin: 'default' });
    expect(of('labels.timeout_seconds')).toMatchObject({ value: 900, origin: 'default' });
  });

  test('flags win over the environment, that over the file, that over the defaults', async () => {
    const cwd = temporaryFolder();
    writeFileSync(join(cwd, 'barline.yaml'), 'lake: a\nsource: b\nlabels: { timeout_seconds: 60 }\n');
    const fromFile = await inForce([], { cwd });
    expect(fromFile.of('labels.timeout_seconds')).toMatchObject({ value: 60, origin: 'file' });
    expect(fromFile.of('lake')).toMatchObject({ value: join(cwd, 'a'), origin: 'file' });
    const env = { BARLINE_LAKE: 'e', BARLINE_SOURCE: 'f' };
    const { of } = await inForce(['--lake', 'g'], { cwd, env });
    expect(of('lake')).toMatchObject({ value: join(cwd, 'g'), origin: 'flag' });
    expect(of('source')).toMatchObject({ value: join(cwd, 'f'), origin: 'environment' });
  });

  test('a key shows what lies below it; a wrong one gets near names', async () => {
    const cwd = temporaryFolder();
    expect((await inForce(['contract'], { cwd })).keys).toEqual(['contract.rule', 'contract.no_flip_back']);
    const { code, stderr } = await runCli(['config', 'show', 'contrct', '--json'], { cwd });
    expect(code).toBe(2);
    const { error } = errorLine.parse(JSON.parse(stderr));
    expect(error).toMatchObject({ code: 'CONFIG', hint: 'did you mean contract?' });
  });

  test('people see no line wider than their screen for the modes', async () => {
    const { stdout } = await runCli(['config', 'show'], { cwd: temporaryFolder() });
    expect(stdout).toMatch(/^file: none/);
    expect(stdout).toMatch(/^labels\.modes +- \{"name":"low_vol_long".*default$/m);
    expect(Math.max(...stdout.split('\n').map((line) => line.length))).toBeLessThan(140);
  });

  test('a bad file, and one that is not there, are wrong configuration', async () => {
    const cwd = temporaryFolder();
    writeFileSync(join(cwd, 'barline.yaml'), 'instrument: ESS\n');
    for (const args of [
      ['months', 'run'],
      ['table', 'list'],
      ['config', 'show'],
    ]) {
      const { code, stdout, stderr } = await runCli(args, { cwd });
      expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
      expect(stderr).toMatch(
        /^error\[CONFIG\]: .*barline\.yaml: instrument = "ESS": not defined; .*\nhint: did you mean ES/,
      );
    }
    const { code, stderr } = await runCli(['config', 'show', '--config', 'other.yaml'], { cwd });
    expect({ code, stderr }).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('other.yaml does not exist'),
    });
    expect(readdirSync(cwd)).toEqual(['barline.yaml']);
  });
});

describe('init', () => {
  test('writes a file that sets nothing but defaults, once', async () => {
    const cwd = temporaryFolder();
    const before = await inForce([], { cwd });
    const first = await runCli(['init', '--json'], { cwd });
    expect({ code: first.code, document: JSON.parse(first.stdout) }).toEqual({
      code: 0,
      document: { file: join(cwd, 'barline.yaml') },
    });
    const after = await inForce([], { cwd });
    for (const key of before.keys) expect(after.of(key)?.value, key).toEqual(before.of(key)?.value);
    expect(after.of('lake')?.origin).toBe('file');

    writeFileSync(join(cwd, 'barline.yaml'), 'lake: mine\n');
    const second = await runCli(['init'], { cwd });
    expect(second).toMatchObject({ code: 2, stdout: '' });
    expect(second.stderr).toMatch(/^error\[CONFIG_EXISTS\]: .*barline\.yaml is there already\nhint: .*--yes/);
    expect(readFileSync(join(cwd, 'barline.yaml'), 'utf8')).toBe('lake: mine\n');
    expect((await runCli(['init', '--yes'], { cwd })).code).toBe(0);
    expect(readFileSync(join(cwd, 'barline.yaml'), 'utf8')).toContain('\nlake: ./lake\n');
  });

  test('its commented-out examples are sound, too', async () => {
    const cwd = temporaryFolder();
    await runCli(['init'], { cwd });
    const file = join(cwd, 'barline.yaml');
    const text = readFileSync(file, 'utf8').replace(
      /^# (alerts:|instruments|sessions|calendars| {2})/gm,
      '$1',
    );
    writeFileSync(file, text.replace('instrument: ES', 'instrument: CL'));
    const { of } = await inForce([], { cwd });
    expect(of('instrument')?.value).toBe('CL');
    expect(of('alerts.sinks')?.value).toHaveLength(3);
    expect(of('instruments.CL.tick_size')).toMatchObject({ value: 0.01, origin: 'file' });
  });
});

describe('completion', () => {
  const complete = (script: string, words: readonly string[]) => {
    const program = `${script}
COMP_WORDS=(${words.map((word) => `'${word}'`).join(' ')}); COMP_CWORD=${words.length - 1}; _barline
printf '%s\\n' "\${COMPREPLY[@]}"`;
    const { status, stdout, stderr } = spawnSync('bash', ['-c', program], { encoding: 'utf8' });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    return stdout.split('\n').filter((line) => line !== '');
  };

  test('bash completes nouns, verbs and flags', async () => {
    const { stdout } = await runCli(['completion', 'bash']);
    expect(complete(stdout, ['barline', '']).sort()).toEqual(Object.keys(nouns).sort());
    expect(complete(stdout, ['barline', 'mont'])).toEqual(['months']);
    expect(complete(stdout, ['barline', 'months', '']).slice(0, 3)).toEqual(['run', 'list', 'show']);
    expect(complete(stdout, ['barline', 'months', 'run', '--so'])).toEqual(['--source']);
    expect(complete(stdout, ['barline', 'sql', '--out'])).toEqual(['--output']);
    expect(complete(stdout, ['barline', 'table', 'read', 'x', '--la'])).toEqual(['--lake']);
  });

  test('zsh takes the same function; fish has a line for every verb and flag', async () => {
    const zsh = (await runCli(['completion', 'zsh'])).stdout;
    expect(zsh).toMatch(/^#compdef barline\n.*bashcompinit\n_barline\(\) \{/s);
    const fish = (await runCli(['completion', 'fish'])).stdout;
    expect(fish).toMatch(/^complete -c barline .*-a months -d /m);
    expect(fish).toMatch(
      /__fish_seen_subcommand_from months; and __fish_seen_subcommand_from run' -l source$/m,
    );
  });

  test('another shell is wrong usage', async () => {
    const { code, stdout, stderr } = await runCli(['completion', 'tcsh']);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(/^error\[USAGE\]: .*"tcsh": expected bash, zsh, fish\n/);
  });
});
