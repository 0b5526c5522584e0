/** Shows a stream: a line that is redrawn on a terminal, a line now and then elsewhere, JSON lines with `--json`. */
import type { BatchEvent, StreamEvent, StreamListener, StreamSummary } from '../ingest/index.ts';
import type { Output } from './output.ts';
import { formatCount, formatSeconds } from './text-table.ts';

const PLAIN_LINE_MS = 10_000;

export function streamProgress(output: Output, topic: string, now: () => number): StreamListener {
  let lastLineMs = now();
  let [messages, rows, dead, seconds] = [0, 0, 0, 0];
  const batch = (event: BatchEvent) => {
    output.json(batchDocument(event));
    messages += event.messages;
    rows += event.rows;
    dead += event.late + event.invalid;
    seconds += event.seconds;
    const line = [
      `${formatCount(Math.round(messages / Math.max(0.001, seconds)))} messages/s`,
      `lag ${formatCount(event.lag)}`,
      `${formatCount(event.openWindows)} windows open`,
      `${formatCount(rows)} rows`,
      `${formatCount(dead)} dead letters`,
      ...(event.watermarkUs === null ? [] : [`watermark ${timeOf(event.watermarkUs)}`]),
    ].join('  ');
    if (output.options.json) return;
    if (output.options.interactive) output.redraw([line]);
    else if (now() - lastLineMs < PLAIN_LINE_MS) return;
    else output.note(line);
    lastLineMs = now();
    [messages, seconds] = [0, 0];
  };
  return (event) => {
    if (event.type === 'batch') batch(event);
    else output.note(noteOf(event, topic));
  };
}

function timeOf(us: number): string {
  return new Date(us / 1000).toISOString();
}

function noteOf(event: Exclude<StreamEvent, BatchEvent>, topic: string): string {
  switch (event.type) {
    case 'assigned':
      return `reading ${topic}: ${[...event.partitions].map(([partition, offset]) => `partition ${partition} from ${offset}`).join(', ')}`;
    case 'revoked':
      return `${topic}: others read ${partitionsText(event.partitions)} from now on`;
    case 'overtaken':
      return `${topic}: somebody else has committed ${partitionsText(event.partitions)}; begun again from there`;
    case 'gone':
      return `${topic}: the messages ${event.from} to ${event.to - 1} of partition ${event.partition} are gone; going on without them`;
    case 'not-compacted':
      return `${topic}: small files could not be joined, trying again later: ${event.message}`;
    case 'trouble':
      return event.message === null
        ? `${topic}: the brokers answer again`
        : `${topic}: cannot read, trying again: ${event.message}`;
  }
}

function partitionsText(partitions: readonly number[]): string {
  return `partition${partitions.length === 1 ? '' : 's'} ${partitions.join(', ')}`;
}

function batchDocument(event: BatchEvent) {
  return {
    version: event.version,
    partitions: event.partitions,
    messages: event.messages,
    rows: event.rows,
    late: event.late,
    invalid: event.invalid,
    open_windows: event.openWindows,
    lag: event.lag,
    watermark: event.watermarkUs === null ? null : timeOf(event.watermarkUs),
    seconds: event.seconds,
    commit_seconds: event.commitSeconds,
  };
}

export function printSummary(output: Output, summary: StreamSummary, lake: string): void {
  const { messages, rows, late, invalid, reread, commits, version, seconds } = summary;
  output.undraw();
  output.json({ summary: { messages, rows, late, invalid, reread, commits, version, seconds } });
  const rate = seconds > 0 ? ` (${formatCount(Math.round(messages / seconds))}/s)` : '';
  output.text(
    `${formatCount(messages)} messages${rate}: ${formatCount(rows)} rows, ${formatCount(late)} late, ${formatCount(invalid)} invalid; ${formatCount(commits)} commits in ${formatSeconds(seconds)}
in ${lake}`,
  );
}
