import type { IngestEvent, IngestListener } from '../ingest/index.ts';
import type { Output } from './output.ts';
import { formatCount, formatSeconds } from './text-table.ts';

const REDRAW_MS = 100;
const PLAIN_LINE_MS = 10_000;

interface StreamProgress {
  readonly expected: number;
  fetched: number;
  coveredUs: number;
  readonly plannedUs: number;
}

/**
 * Shows a run as it goes: on a terminal a line per asset and timeframe at work and one over all, redrawn in place;
 * piped, a plain line every ten seconds. Time left is by the share of the spans that is covered.
 */
export function ingestProgress(output: Output, now: () => number): IngestListener {
  const started = now();
  const streams = new Map<string, StreamProgress>();
  let drawnLines = 0;
  let lastDraw = now();
  const erase = () => {
    if (drawnLines > 0) output.draw(`\u001b[${drawnLines}A\u001b[J`);
    drawnLines = 0;
  };
  const overall = (): string => {
    let [fetched, covered, planned] = [0, 0, 0];
    for (const each of streams.values()) {
      fetched += each.fetched;
      // each stream weighs by its bars: an hour of minutes is more work than an hour
      covered += each.expected * shareOf(each);
      planned += each.expected;
    }
    const seconds = (now() - started) / 1000;
    const share = planned === 0 ? 1 : covered / planned;
    const left = share > 0.01 ? formatSeconds((seconds / share) * (1 - share)) : '…';
    const rate = seconds > 0 ? Math.round(fetched / seconds) : 0;
    return `all  ${percent(share)}  ${formatCount(fetched)} records  ${formatCount(rate)}/s  ETA ${left}`;
  };
  const draw = () => {
    const interval = output.options.interactive ? REDRAW_MS : PLAIN_LINE_MS;
    if (now() - lastDraw < interval) return;
    lastDraw = now();
    if (!output.options.interactive) {
      output.note(overall());
      return;
    }
    erase();
    const seconds = (lastDraw - started) / 1000;
    const lines = [...streams]
      .filter(([, each]) => each.fetched > 0 && shareOf(each) < 1)
      .map(([name, each]) => {
        const rate = formatCount(Math.round(each.fetched / Math.max(0.001, seconds)));
        return `${name}  ${percent(shareOf(each))}  ${formatCount(each.fetched)} records  ${rate}/s`;
      });
    lines.push(overall());
    output.draw(`${lines.join('\n')}\n`);
    drawnLines = lines.length;
  };
  return (event: IngestEvent) => {
    switch (event.type) {
      case 'planned':
        for (const { asset, timeframe, spans, expectedBars } of event.streams) {
          const plannedUs = spans.reduce((sum, [from, to]) => sum + to - from, 0);
          streams.set(`${asset} ${timeframe}`, {
            expected: expectedBars,
            fetched: 0,
            coveredUs: 0,
            plannedUs,
          });
        }
        break;
      case 'page': {
        const each = streams.get(`${event.stream.asset} ${event.stream.timeframe}`);
        if (each === undefined) break;
        each.fetched += event.counts.fetched;
        each.coveredUs += event.coveredUs;
        draw();
        break;
      }
      case 'stream-finished':
        erase();
        break;
      case 'committed':
        break;
    }
  };
}

function shareOf({ coveredUs, plannedUs }: StreamProgress): number {
  return plannedUs === 0 ? 1 : Math.min(1, coveredUs / plannedUs);
}

function percent(share: number): string {
  return `${String(Math.floor(share * 100)).padStart(3)}%`;
}
