import { randomUUID } from 'node:crypto';
import { type CommandSpec, option } from '../command.ts';
import { locate } from '../configuration.ts';
import { printSummary, streamProgress } from '../stream-progress.ts';
import { milliseconds, openSource, rulesOf, streamSettings } from '../stream-request.ts';

export const stream: CommandSpec = {
  name: 'stream',
  summary: 'trades and bars of a Kafka topic into bars of 5 seconds, each once',
  description:
    'Reads JSON trades (asset_pair, timestamp, price, size) or bars (asset_pair, timestamp, open, high, low, close, volume) from a topic of Kafka, or from a file, gathers them by their own time into bars of 5 seconds, and appends these to raw_market_data_5s. Rows and the offsets to go on from are one commit: a restart, a crash or a rebalance writes nothing twice and loses nothing. Late and invalid messages become dead letters. Runs until it is interrupted; any number of processes share a topic.',
  options: [
    option('--brokers <list>', 'brokers to ask first, host:port'),
    option('--topic <name>', 'the topic; with --file, what stands for it (default: the name of the file)'),
    option('--file <file>', 'JSON lines instead of Kafka; - is stdin'),
    option('--group <name>', 'the consumer group (default: barline)'),
    option('--instance <name>', 'a name of this member that it keeps over restarts'),
    option('--batch <time>', 'between two commits (default: 5s)'),
    option('--lateness <time>', 'how late a message may be (default: 10s)'),
    option('--idle <time>', 'silence after which a partition’s windows end (default: 60s)'),
    option('--future <time>', 'how far ahead of the clock a message may be (default: 60s)'),
    option('--map <pairs>', 'other keys of the messages, e.g. price=p,size=q,timestamp=t'),
    option('--max-message-bytes <size>', 'longer messages are dead letters (default: 1MB)'),
    option('--stop-at-end', 'end when what is there now is worked through, its windows included'),
    option('--accept-loss', 'go on where the topic has dropped messages that were not read yet'),
  ],
  examples: [
    'barline stream --brokers localhost:9092 --topic market-data',
    'barline stream --brokers localhost:9092 --topic ticks --map asset_pair=s,timestamp=T,price=p,size=q --batch 500ms',
    'barline stream --file trades.jsonl',
  ],
  run: async (invocation, _args, options) => {
    const { output, now, signal, directory } = invocation;
    const configuration = await streamSettings(invocation, options);
    const { stream: settings, lake: place } = configuration.value;
    const rules = await rulesOf(configuration.value, options);
    const { openStreamTable, runStream } = await import('../../ingest/index.ts');
    const { DeadLetters } = await import('../../quality/index.ts');
    const { openStorage } = await import('../../storage/index.ts');
    const lake = locate(place, configuration, 'lake', directory);
    const storage = openStorage(lake);
    const ingestionId = randomUUID();
    const listener = streamProgress(
      output,
      options.file === undefined ? String(settings.topic) : String(options.file),
      now,
    );
    const trouble = (message: string | null) => listener({ type: 'trouble', message });
    const source = await openSource(invocation, options, configuration, { ingestionId, trouble });
    try {
      const summary = await runStream({
        openTable: () => openStreamTable(storage),
        deadLetters: new DeadLetters(storage, now),
        source,
        rules,
        batchMs: milliseconds(settings.batch),
        idleMs: milliseconds(settings.idle),
        stopAtEnd: options.stopAtEnd === true || options.file !== undefined,
        acceptLoss: options.acceptLoss === true,
        ingestionId,
        now,
        signal,
        listener,
      });
      printSummary(output, summary, lake);
    } finally {
      await source.close();
    }
    return 0;
  },
};
