/** A run of months from its settings to its exit code, for `months run` and `months retry`. */
import { parseByteLength, parseDurationSeconds } from '../base/index.ts';
import type { PlanOptions } from '../months/index.ts';
import { alertsOfRun } from './alert-wiring.ts';
import type { Invocation } from './command.ts';
import type { Settings } from './configuration.ts';
import type { openMonthsRequest } from './months-request.ts';
import { outcomeDocument, printResult } from './run-result.ts';
import { shownPath } from './shown-path.ts';

export async function runAndPrint(
  invocation: Invocation,
  request: Omit<Awaited<ReturnType<typeof openMonthsRequest>>, 'range'>,
  plan: PlanOptions,
): Promise<0 | 1> {
  const { output, now, signal, directory } = invocation;
  const { sourceUri, lakeUri, processing, settings } = request;
  const { runMonths } = await import('../months/index.ts');
  const { runProgress } = await import('./run-progress.ts');
  const progress = runProgress(output, now);
  await using alerts = await alertsOfRun(invocation, settings, lakeUri);
  const { outcomes, summary } = await runMonths({
    sourceUri,
    lakeUri,
    processing,
    plan,
    ...workOf(settings),
    now,
    signal,
    onEvent: (event) => {
      progress(event);
      alerts.hear(event);
      if (event.type === 'month-finished') output.json(outcomeDocument(event.outcome));
    },
  });
  printResult(output, outcomes, summary, shownPath(lakeUri, directory));
  return summary.failed > 0 ? 1 : 0;
}

/** How a run does its work, from the settings. */
export function workOf({ run }: Settings) {
  return {
    workers: run.workers,
    memoryByteLength: parseByteLength(run.memory) ?? 0,
    compressionLevel: run.compression_level,
    leaseSeconds: seconds(run.lease),
    retry: { tries: run.retry.tries, firstDelaySeconds: seconds(run.retry.first_delay) },
  };
}

/** The schema has let only durations through, and sizes. */
function seconds(text: string): number {
  return parseDurationSeconds(text) ?? 0;
}
