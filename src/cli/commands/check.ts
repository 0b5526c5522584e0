import { resolve } from 'node:path';
import { formatByteLength, parseByteLength } from '../../base/index.ts';
import type { CheckProgress, CheckReport } from '../../check/index.ts';
import type { CommandSpec } from '../command.ts';
import type { Output } from '../output.ts';
import { formatSeconds } from '../text-table.ts';

export const check: CommandSpec = {
  name: 'check',
  summary: 'proves this installation end to end, and says whether to trust it',
  description:
    'Takes a generated sample whose truth is known through the whole pipeline, looks for every planted roll and fault, ' +
    'strains memory, damages input and S3 requests, and compares one pass with pieces, byte for byte. With FILE, that ' +
    'file goes through every stage as well, by your configuration. Writes only into a temporary folder of its own. ' +
    'Exits 0 when all of it holds, else 1.',
  arguments: [['[file]', 'a file of bars of your own: DBN, Parquet, CSV or NDJSON']],
  examples: [
    'barline check',
    'barline check raw/glbx-mdp3-20241001-20241031.ohlcv-1s.dbn.zst',
    'barline check --json',
  ],
  run: async (invocation, [file], _options) => {
    const { output, now, signal, directory } = invocation;
    const { loadSettings, processingOf, settingsSchema } = await import('../configuration.ts');
    const { value } = await loadSettings(invocation);
    const path = file === undefined ? undefined : resolve(directory, file);
    if (path !== undefined) await (await import('../../bars/index.ts')).requireFile(path);
    const { runCheck } = await import('../../check/index.ts');
    const progress = progressLine(output, now);
    const report = await runCheck({
      // the sample is ES with everything built in, whatever a barline.yaml nearby says of other data
      processing: processingOf(settingsSchema.parse({})),
      workers: value.run.workers,
      memoryByteLength: parseByteLength(value.run.memory) ?? 2e9,
      ...(path !== undefined && { file: { path, processing: processingOf(value) } }),
      now,
      signal,
      onProgress: progress.show,
    }).finally(progress.clear);
    output.json(documentOf(report));
    output.text(page(report));
    return report.verdict === 'pass' ? 0 : 1;
  },
};

function documentOf({ verdict, score, seconds, peakRssBytes, parts }: CheckReport) {
  return { verdict, score, seconds, peak_rss_bytes: peakRssBytes, parts };
}

/** One page: a line for each part, the proofs below it, the verdict last. */
function page({ verdict, score, seconds, peakRssBytes, parts }: CheckReport): string {
  const lines = parts.flatMap((part) => [
    `${part.passed ? 'ok  ' : 'FAIL'}  ${part.title}  (${formatSeconds(part.seconds)})`,
    ...part.proofs.map(({ name, passed, detail }) => `      ${passed ? '·' : '✗'} ${name}: ${detail}`),
  ]);
  const failed = parts.filter(({ passed }) => !passed).map(({ title }) => title);
  const what =
    verdict === 'pass' ? 'PASS: this installation does what it should' : `FAIL: ${failed.join(', ')}`;
  return [
    ...lines,
    '',
    `${what}  (quality ${score.toFixed(3)}, ${formatSeconds(seconds)}, ${formatByteLength(peakRssBytes)} resident at most)`,
  ].join('\n');
}

const CLEAR_LINE = '\r\u001b[2K';

/** On a terminal one line that redraws itself, with the time left; else a line for each part. */
function progressLine(output: Output, now: () => number) {
  const startedMs = now();
  const { interactive, json } = output.options;
  let shown = '';
  const show = ({ title, done }: CheckProgress) => {
    if (interactive) {
      const elapsed = (now() - startedMs) / 1000;
      const left = done > 0.05 ? `, about ${formatSeconds((elapsed * (1 - done)) / done)} left` : '';
      output.draw(`${CLEAR_LINE}${(done * 100).toFixed(0).padStart(3)} %  ${title}${left}`);
    } else if (title !== shown && !json) output.note(`${title} ...`);
    shown = title;
  };
  return { show, clear: () => interactive && output.draw(CLEAR_LINE) };
}
