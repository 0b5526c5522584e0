import { BarlineError, parseDurationSeconds, usageError } from '../../base/index.ts';
import type { Notice } from '../../monitor/index.ts';
import { type Alerts, noteAlertReport, openAlerts } from '../alert-wiring.ts';
import { textOption } from '../arguments.ts';
import { type CommandSpec, type Invocation, option } from '../command.ts';
import { monitorDocument, printLook, printSinkTests } from '../monitor-page.ts';
import { shownPath } from '../shown-path.ts';
import { lakeOf } from '../table-argument.ts';

const DEFAULT_INTERVAL = '60s';

export const monitor: CommandSpec = {
  name: 'monitor',
  summary: 'look at a lake again and again, and tell the sinks what is wrong',
  description:
    'Looks at the months of a lake (statistics, failures, work in progress) and sends an alert to every configured sink for each condition that came up, once until it clears. Sends what a run could not. Any number of monitors and runs share a lake. With --once the exit code is 1 while a condition stands or an alert could not be sent.',
  options: [
    option('--once', 'look once and end, for cron or a timer'),
    option('--interval <duration>', `time between two looks (default: ${DEFAULT_INTERVAL})`),
    option('--test-sinks', 'send each sink a test message, and say what it answers'),
  ],
  examples: [
    'barline monitor --lake s3://bucket/lake --interval 5m',
    'barline monitor --once --json',
    'barline monitor --test-sinks',
  ],
  run: async (invocation, _args, options) => {
    const { configuration, lake } = await lakeOf(invocation);
    const intervalMs = intervalOf(textOption(options, 'interval'));
    const alerts = await openAlerts(invocation, configuration.value, lake, 0);
    if (options.testSinks === true) return testSinks(invocation, alerts);
    if (options.once === true) return lookOnce(invocation, alerts, lake);
    return watch(invocation, alerts, lake, intervalMs);
  },
};

function intervalOf(text: string | undefined): number {
  const seconds = parseDurationSeconds(text ?? DEFAULT_INTERVAL);
  if (seconds !== undefined && seconds >= 1 && seconds <= 86_400) return seconds * 1000;
  throw usageError(`--interval ${JSON.stringify(text)}: expected 1s to 24h`, 'e.g. --interval 5m');
}

/** Looks, and puts what changed on its way. Where there is no sink, nothing is kept either. */
async function look(
  { now }: Invocation,
  { storage, ledger, lanes, sinks, thresholds }: Alerts,
  lake: string,
) {
  const { lookAtLake, seeLake, standingConditions } = await import('../../monitor/index.ts');
  const { lakeTables } = await import('../../query/index.ts');
  // a lake that is not there has nothing wrong with it, and is surely not the one that was meant
  await lakeTables(lake);
  const see = () => seeLake(storage);
  if (sinks.length === 0) {
    return {
      standing: standingConditions(await see(), thresholds, now()),
      changes: [],
      since: new Map<string, Notice>(),
    };
  }
  const found = await lookAtLake(ledger, see, thresholds, now);
  lanes.wake();
  return { ...found, since: await ledger.standing() };
}

async function lookOnce(invocation: Invocation, alerts: Alerts, lake: string): Promise<0 | 1> {
  const { output, directory, now } = invocation;
  const found = await look(invocation, alerts, lake);
  // each sink has its time to answer
  const waiting = await alerts.lanes.finish(Math.max(alerts.timeoutMs, alerts.waitMs));
  const place = shownPath(lake, directory);
  output.json(monitorDocument(lake, now(), found, waiting));
  printLook(output, place, found);
  noteAlertReport(invocation, { waiting, problem: undefined });
  return found.standing.length === 0 && waiting.length === 0 ? 0 : 1;
}

/** Until it is interrupted. A lake that cannot be read for a while is told once, and looked at again. */
async function watch(invocation: Invocation, alerts: Alerts, lake: string, intervalMs: number): Promise<0> {
  const { systemClock } = await import('../../monitor/index.ts');
  const { output, signal, now, directory } = invocation;
  const place = shownPath(lake, directory);
  let trouble: string | undefined;
  let isFirst = true;
  while (!signal.aborted) {
    try {
      const found = await look(invocation, alerts, lake);
      trouble = undefined;
      if (isFirst) printLook(output, place, found);
      else for (const { status, message } of found.changes) output.text(`${status}: ${message}`);
      isFirst = false;
      output.json(monitorDocument(lake, now(), found, null));
    } catch (error) {
      if (!(error instanceof BarlineError)) throw error;
      if (trouble !== error.message) output.note(`cannot look at ${place}, will try again: ${error.message}`);
      trouble = error.message;
    }
    await systemClock.sleep(intervalMs, signal);
  }
  noteAlertReport(invocation, { waiting: await alerts.lanes.finish(alerts.waitMs), problem: undefined });
  return 0;
}

async function testSinks(invocation: Invocation, { sinks, storage, timeoutMs }: Alerts): Promise<0 | 1> {
  const { sendInTime, testNotice } = await import('../../monitor/index.ts');
  const { now, signal, output } = invocation;
  if (sinks.length === 0) throw usageError('no sink is configured', 'see `alerts.sinks` in docs/alerts.md');
  const message = { lake: storage.uri, notices: [testNotice(new Date(now()))] };
  const results = await Promise.all(
    sinks.map(async (sink) => {
      const startedMs = now();
      const seconds = () => (now() - startedMs) / 1000;
      try {
        const answer = await sendInTime(sink, message, timeoutMs, signal);
        return { sink, answer, error: null, seconds: seconds() };
      } catch (error) {
        if (!(error instanceof BarlineError)) throw error;
        return { sink, answer: null, error, seconds: seconds() };
      }
    }),
  );
  printSinkTests(output, results);
  return results.every(({ error }) => error === null) ? 0 : 1;
}
