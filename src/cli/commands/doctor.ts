import { parseByteLength } from '../../base/index.ts';
import type { Finding } from '../../check/index.ts';
import { type CommandSpec, type Invocation, option } from '../command.ts';
import type { Settings } from '../configuration.ts';
import type { Output } from '../output.ts';

export const doctor: CommandSpec = {
  name: 'doctor',
  summary: 'is this machine fit: runtime, memory, disk, clock data, credentials, bucket, lake',
  description:
    'Looks at the machine, at the way to source and lake, and at the tables that are there. Each line is ok, warn or ' +
    'fail, with what to do. Writes only probes, which it removes; the value of a credential is never shown. Exits 1 ' +
    'when something failed.',
  options: [option('--source <dir>', 'folder or bucket with the raw months')],
  examples: ['barline doctor', 'barline doctor --lake s3://bucket/lake --json'],
  run: async (invocation, _args, options) => {
    const { output, environment, now, signal } = invocation;
    const { examine } = await import('../../check/index.ts');
    const counts = { ok: 0, warn: 0, fail: 0 };
    const show = (finding: Finding) => {
      counts[finding.status]++;
      print(output, finding);
    };
    const { findings, ...places } = await configured(invocation, options.source);
    for (const finding of findings) show(finding);
    for await (const each of examine({ ...places, environment, now })) {
      signal.throwIfAborted();
      show(each);
    }
    output.json({ summary: counts });
    output.text(
      counts.fail > 0
        ? `not fit: ${counts.fail} failed, ${counts.warn} warnings`
        : `fit${counts.warn > 0 ? `, with ${counts.warn} warnings` : ''}`,
    );
    return counts.fail > 0 ? 1 : 0;
  },
};

/** What the configuration says; one that is wrong is a finding, and the look goes on with the defaults. */
async function configured(invocation: Invocation, source: unknown) {
  const { loadSettings, locate, settingsSchema } = await import('../configuration.ts');
  const { asBarlineError } = await import('../output.ts');
  const placesOf = (configuration: Awaited<ReturnType<typeof loadSettings>>) => ({
    lakeUri: locate(configuration.value.lake, configuration, 'lake', invocation.directory),
    sourceUri: locate(configuration.value.source, configuration, 'source', invocation.directory),
    memoryByteLength: parseByteLength(configuration.value.run.memory) ?? 2e9,
    workers: configuration.value.run.workers,
  });
  try {
    const configuration = await loadSettings(invocation, { source });
    const detail =
      configuration.file === null ? 'no barline.yaml: the defaults' : `${configuration.file} is valid`;
    const finding: Finding = { name: 'configuration', status: 'ok', detail, action: null };
    const { sinks } = configuration.value.alerts;
    return {
      findings: [finding, ...sinkFindings(sinks, invocation.environment)],
      ...placesOf(configuration),
    };
  } catch (error) {
    const { message, hint } = asBarlineError(error);
    const action = hint ?? '`barline config show` says where each value comes from';
    const finding: Finding = { name: 'configuration', status: 'fail', detail: message, action };
    return {
      findings: [finding],
      ...placesOf({ value: settingsSchema.parse({}), file: null, given: {}, origins: {} }),
    };
  }
}

/** Sinks of alerts that take a secret from a variable which is not set. */
function sinkFindings(sinks: Settings['alerts']['sinks'], environment: Invocation['environment']): Finding[] {
  return sinks.flatMap((sink) => {
    const variables = Object.entries(sink).filter(([key]) => key.endsWith('_env'));
    const unset = variables.map(([, name]) => String(name)).filter((name) => !environment[name]);
    if (unset.length === 0) return [];
    const detail = `${sink.name} cannot send: the environment has no ${unset.join(' and no ')}`;
    return [
      {
        name: 'alerts',
        status: 'fail' as const,
        detail,
        action: 'set it where Barline runs, or take the sink away',
      },
    ];
  });
}

const COLORS = { ok: '\u001b[32m', warn: '\u001b[33m', fail: '\u001b[31m' };
const RESET = '\u001b[0m';

function print(output: Output, { name, status, detail, action }: Finding): void {
  output.json({ name, status, detail, action });
  const word = output.options.color ? `${COLORS[status]}${status.padEnd(4)}${RESET}` : status.padEnd(4);
  output.text(`${word}  ${name}: ${detail}${action === null ? '' : `\n      ${action}`}`);
}
