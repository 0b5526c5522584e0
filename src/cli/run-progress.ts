import { formatByteLength, oneLine } from '../base/index.ts';
import type { MonthOutcome, OtherRun, RunEvent, RunListener, Stage } from '../months/index.ts';
import type { Output } from './output.ts';
import { formatCount, formatSeconds } from './text-table.ts';

const BAR_WIDTH = 24;
const REDRAW_MS = 80;

/**
 * Shows a run as it goes: on a terminal a bar per month at work and one over all, redrawn in place; piped, a plain
 * line per finished month. Says rows per second and the time left, both from the months finished so far.
 */
export function runProgress(output: Output, now: () => number): RunListener {
  const started = now();
  const atWork = new Map<string, { stage: Stage; done: number }>();
  let months: readonly string[] = [];
  let finished = 0;
  let rows = 0;
  let lastDraw = 0;

  const overall = (): string => {
    const seconds = (now() - started) / 1000;
    const inFlight = [...atWork.values()].reduce((sum, each) => sum + each.done, 0);
    const share = months.length === 0 ? 1 : (finished + inFlight) / months.length;
    const rate = seconds > 0 ? rows / seconds : 0;
    const left = share > 0.02 ? formatSeconds((seconds / share) * (1 - share)) : '…';
    return `${bar(share)}  ${finished}/${months.length} months  ${formatCount(Math.round(rate))} rows/s  ETA ${left}`;
  };
  const draw = (force: boolean) => {
    if (!output.options.interactive || (!force && now() - lastDraw < REDRAW_MS)) return;
    lastDraw = now();
    const lines = [...atWork].map(([month, { stage, done }]) => `${month}  ${bar(done)}  ${stage}`);
    lines.push(`all      ${overall()}`);
    output.redraw(lines);
  };

  return (event: RunEvent) => {
    switch (event.type) {
      case 'run-started':
        months = event.months;
        break;
      case 'leftovers-removed':
        output.note(`removed ${leftFiles(event.files.length)} an interrupted run had left`);
        break;
      case 'month-started':
        atWork.set(event.month, { stage: 'decode', done: 0 });
        draw(false);
        break;
      case 'month-progress':
        atWork.set(event.month, { stage: event.stage, done: event.done });
        draw(false);
        break;
      case 'month-retry':
        atWork.delete(event.month);
        output.note(
          `${event.month}  try ${event.attempt} failed, again in ${formatSeconds(event.delaySeconds)}  ` +
            `${event.error.code}: ${oneLine(event.error.message)}`,
        );
        draw(true);
        break;
      case 'parallelism-lowered':
        output.note(loweredText(event));
        draw(true);
        break;
      case 'months-elsewhere':
        for (const month of event.months) atWork.delete(month);
        output.note(`waiting for ${event.months.join(', ')}: ${holderText(event.run)} is at it`);
        draw(true);
        break;
      case 'month-finished':
        atWork.delete(event.outcome.month);
        if (event.outcome.status === 'skipped') {
          // one of those it was to take
          if (event.outcome.reason === 'done elsewhere') finished++;
          break;
        }
        finished++;
        rows += event.outcome.rows;
        output.note(`${outcomeLine(event.outcome)}  (${finished}/${months.length})`);
        draw(true);
        break;
      case 'run-finished':
        output.undraw();
        break;
    }
  };
}

function loweredText(event: Extract<RunEvent, { type: 'parallelism-lowered' }>): string {
  const { workers, months: count, asked, limitBytes, rssBytes } = event;
  return (
    `parallelism lowered to stay within ${formatByteLength(limitBytes)} of memory (${formatByteLength(rssBytes)} now): ` +
    `${workers} of ${asked} threads, ${count === 1 ? '1 month' : `${count} months`} at a time`
  );
}

const leftFiles = (count: number) => (count === 1 ? '1 file' : `${formatCount(count)} files`);

function holderText({ runId, host, pid }: OtherRun): string {
  return host === null ? `run ${runId}` : `process ${pid} on ${host}`;
}

function bar(share: number): string {
  const filled = Math.round(Math.min(1, Math.max(0, share)) * BAR_WIDTH);
  const percent = String(Math.floor(share * 100)).padStart(3);
  return `${'█'.repeat(filled)}${'░'.repeat(BAR_WIDTH - filled)} ${percent}%`;
}

function outcomeLine(outcome: MonthOutcome): string {
  if (outcome.status === 'failed') {
    const { code = '', message = '' } = outcome.error ?? {};
    return `${outcome.month}  failed     ${code}: ${oneLine(message)}`;
  }
  return `${outcome.month}  succeeded  ${formatCount(outcome.rows)} rows in ${formatSeconds(outcome.seconds)}`;
}
