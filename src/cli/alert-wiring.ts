/** Alerts from the settings and the environment: what the run and the monitor raise and send them with. */
import { randomBytes } from 'node:crypto';
import { type BarlineError, parseByteLength, processMark } from '../base/index.ts';
import type { AlertLedger, DeliveryLanes, Sink, Thresholds, WaitingFor } from '../monitor/index.ts';
import type { RunListener } from '../months/index.ts';
import type { Storage } from '../storage/index.ts';
import { isPostAddress, type SinkSettings } from './alert-settings.ts';
import type { Invocation } from './command.ts';
import type { Settings } from './configuration.ts';

export interface Alerts {
  readonly storage: Storage;
  readonly ledger: AlertLedger;
  readonly lanes: DeliveryLanes;
  readonly sinks: readonly Sink[];
  readonly thresholds: Thresholds;
  readonly timeoutMs: number;
  readonly waitMs: number;
}

/** `groupSeconds`: how long what comes up is collected into one message. */
export async function openAlerts(
  invocation: Invocation,
  settings: Settings,
  lakeUri: string,
  groupSeconds: number,
): Promise<Alerts> {
  const { AlertLedger, DeliveryLanes, systemClock } = await import('../monitor/index.ts');
  const { openStorage } = await import('../storage/index.ts');
  const { alerts } = settings;
  const storage = openStorage(lakeUri);
  const sinks = await Promise.all(
    alerts.sinks.map((sink) => openSink(sink, invocation, alerts.timeout_seconds)),
  );
  const ledger = new AlertLedger(storage, {
    sinks: sinks.map(({ name }) => name),
    announceResolved: alerts.resolved,
    now: invocation.now,
  });
  const timeoutMs = alerts.timeout_seconds * 1000;
  const lanes = new DeliveryLanes(sinks, {
    storage,
    ledger,
    timeoutMs,
    clock: { ...systemClock, now: invocation.now },
    token: `${processMark()}-${randomBytes(4).toString('hex')}`,
    groupMs: groupSeconds * 1000,
    random: Math.random,
    onProblem: (error) => invocation.output.note(error.message),
  });
  const waitMs = alerts.wait_seconds * 1000;
  return { storage, ledger, lanes, sinks, thresholds: thresholdsOf(settings), timeoutMs, waitMs };
}

function thresholdsOf({ alerts, run }: Settings): Thresholds {
  return {
    monthMinutes: alerts.month_minutes,
    score: alerts.score,
    winRate: alerts.win_rate,
    errorRate: alerts.error_rate,
    memoryBytes: parseByteLength(alerts.memory ?? run.memory) ?? Number.POSITIVE_INFINITY,
  };
}

async function openSink(
  settings: SinkSettings,
  invocation: Invocation,
  timeoutSeconds: number,
): Promise<Sink> {
  const { consoleSink, slackSink, smtpSink, unusableSink, webhookSink } = await import('../monitor/index.ts');
  const { environment, now, output } = invocation;
  const { name, type } = settings;
  const missing: string[] = [];
  const variable = (key: string): string => {
    const value = environment[key] ?? '';
    if (value === '') missing.push(key);
    return value;
  };
  const unless = (open: () => Sink, problem?: string): Sink => {
    const why = missing.length > 0 ? `the environment has no ${missing.join(' and no ')}` : problem;
    return why === undefined ? open() : unusableSink({ name, type, why });
  };
  if (settings.type === 'console') return consoleSink(name, (line) => output.alert(line));
  if (settings.type === 'smtp') {
    const { user, password_env: key, ...server } = settings;
    const password = key === undefined ? undefined : variable(key);
    const login = user === undefined || password === undefined ? undefined : { user, password };
    return unless(() => smtpSink({ ...server, login, timeoutMs: timeoutSeconds * 1000 }));
  }
  const url = settings.url ?? variable(settings.url_env ?? '');
  const key = settings.type === 'webhook' ? settings.secret_env : undefined;
  const secret = key === undefined ? undefined : variable(key);
  const problem = isPostAddress(url)
    ? undefined
    : `${settings.url_env} holds no http:// or https:// address without a user`;
  return unless(
    () => (settings.type === 'slack' ? slackSink({ name, url }) : webhookSink({ name, url, secret, now })),
    problem,
  );
}

/** Alerts of a run: it tells them what happens, and leaves them with what could not be sent said. */
export async function alertsOfRun(
  invocation: Invocation,
  settings: Settings,
  lakeUri: string,
): Promise<AsyncDisposable & { readonly hear: RunListener }> {
  if (settings.alerts.sinks.length === 0) return { hear: () => {}, [Symbol.asyncDispose]: async () => {} };
  const { RunAlerts, systemClock } = await import('../monitor/index.ts');
  const alerts = await openAlerts(invocation, settings, lakeUri, settings.alerts.group_seconds);
  const clock = { ...systemClock, now: invocation.now };
  const run = new RunAlerts({ ...alerts, clock });
  return {
    hear: (event) => run.hear(event),
    [Symbol.asyncDispose]: async () => noteAlertReport(invocation, await run.finish(alerts.waitMs)),
  };
}

export interface AlertReport {
  readonly waiting: readonly WaitingFor[];
  readonly problem: BarlineError | undefined;
}

/** What could not be sent or kept, for people. */
export function noteAlertReport({ output }: Invocation, { waiting, problem }: AlertReport): void {
  for (const line of waitingLines(waiting)) output.note(line);
  if (problem !== undefined) output.note(`alerts could not be kept: ${problem.message}`);
}

export function waitingLines(waiting: readonly WaitingFor[]): string[] {
  return waiting.map(({ sink, notices, error }) => {
    const what = notices === 1 ? '1 alert waits' : `${notices} alerts wait`;
    const why = error ?? 'it is not configured here, or another process is sending';
    return `${what} for the sink ${sink}, and will be sent by the next run or monitor: ${why}`;
  });
}
