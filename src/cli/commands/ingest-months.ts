import { usageError } from '../../base/index.ts';
import type { CostApproval, DownloadEvent, ProviderWorld } from '../../providers/index.ts';
import { textOption } from '../arguments.ts';
import { type CommandSpec, type Invocation, option } from '../command.ts';
import { loadSettings, locate } from '../configuration.ts';
import { confirm } from '../confirm.ts';
import { formatCount } from '../text-table.ts';

export const months: CommandSpec = {
  name: 'months',
  summary: 'raw months from Databento into the source folder',
  description:
    'Fetches the files of a batch job into the source folder, each resumed where it was cut off and held to its size and SHA-256. With --job the job is there already; with --from and --to the months that the source lacks are ordered, after their price was shown and approved. The key is taken from DATABENTO_API_KEY.',
  options: [
    option('--job <id>', 'fetch this batch job again, or for the first time; costs nothing more'),
    option('--from <month>', 'order from this month, YYYY-MM'),
    option('--to <month>', 'to this month, YYYY-MM, included'),
    option(
      '--symbols <symbol>',
      'what to order (default: all futures of the configured instrument, e.g. ES.FUT)',
    ),
    option('--source <dir>', 'folder with the raw months, at any depth'),
  ],
  examples: [
    'barline ingest months --from 2024-01 --to 2024-03',
    'barline ingest months --job GLBX-20240401-5DEFXVTMSM',
  ],
  run: async (invocation, _args, options) => {
    const { databentoClient, downloadBatch, lakeCircuits, systemClock } = await import(
      '../../providers/index.ts'
    );
    const { openStorage } = await import('../../storage/index.ts');
    const { environment, output, signal } = invocation;
    const configuration = await loadSettings(invocation, { source: options.source });
    const folder = locate(configuration.value.source, configuration, 'source', invocation.directory);
    if (openStorage(folder).localPath('') === undefined) {
      throw usageError(
        `${folder} is no local folder.`,
        'name one with --source, then copy the months to the bucket',
      );
    }
    const lake = locate(configuration.value.lake, configuration, 'lake', invocation.directory);
    const world: ProviderWorld = {
      settings: configuration.value.providers,
      environment,
      clock: systemClock,
      circuits: lakeCircuits(openStorage(lake)),
    };
    const client = databentoClient(world);
    const { instrument } = configuration.value;
    const order = { folder, symbols: textOption(options, 'symbols') ?? `${instrument}.FUT` };
    const jobs = await jobsOf(invocation, options, { ...order, client, world });
    for (const job of jobs) {
      for await (const event of downloadBatch(client, job, folder, signal)) {
        if (event.kind === 'file') output.json({ job, ...fileLine(event) });
        output.note(noteOf(event));
      }
    }
    if (jobs.length === 0) output.note(`every month asked for lies in ${folder}`);
    return 0;
  },
};

interface Order {
  readonly folder: string;
  readonly symbols: string;
  readonly client: ReturnType<typeof import('../../providers/index.ts').databentoClient>;
  readonly world: ProviderWorld;
}

/** The job named, or one for each run of months that the source lacks. */
async function jobsOf(
  invocation: Invocation,
  options: Readonly<Record<string, unknown>>,
  { folder, symbols, client, world }: Order,
): Promise<readonly string[]> {
  const job = textOption(options, 'job');
  const [from, to] = [textOption(options, 'from'), textOption(options, 'to')];
  if (job !== undefined) {
    if (from !== undefined || to !== undefined)
      throw usageError('--job already says which months', 'leave one out');
    return [job];
  }
  if (from === undefined || to === undefined) {
    throw usageError('which months?', 'give --from and --to, or --job with the id of a batch job');
  }
  const { databentoOrder, orderMonths } = await import('../../providers/index.ts');
  const { parseMonth, shiftMonth } = await import('../../months/index.ts');
  const [first, last] = [parseMonth(from, '--from'), parseMonth(to, '--to')];
  if (first > last) throw usageError(`--from ${first} is after --to ${last}`, 'exchange the two');
  const present = await monthsIn(folder);
  const runs: { start: string; end: string }[] = [];
  for (let month = first; month <= last; month = shiftMonth(month, 1)) {
    if (present.has(month)) continue;
    const next = `${shiftMonth(month, 1)}-01`;
    const run = runs.at(-1);
    if (run?.end === `${month}-01`) run.end = next;
    else runs.push({ start: `${month}-01`, end: next });
  }
  const approve: CostApproval = (quote) => approval(invocation, quote);
  const jobs: string[] = [];
  for (const run of runs) {
    const order = databentoOrder(symbols, run, world.settings.databento);
    const id = await orderMonths(client, order, approve, invocation.signal);
    invocation.output.note(`ordered ${order.symbols} ${run.start} to ${run.end} as job ${id}`);
    jobs.push(id);
  }
  return jobs;
}

async function monthsIn(folder: string): Promise<ReadonlySet<string>> {
  const { existsSync } = await import('node:fs');
  if (!existsSync(folder)) return new Set();
  const { discoverMonths } = await import('../../months/index.ts');
  const { openStorage } = await import('../../storage/index.ts');
  const { months: found } = await discoverMonths(openStorage(folder));
  return new Set(found.map(({ month }) => month));
}

async function approval(invocation: Invocation, quote: Parameters<CostApproval>[0]): Promise<boolean> {
  const { dollars } = await import('../../providers/index.ts');
  const { globals } = invocation;
  const canAsk = globals.yes === true || (process.stdin.isTTY === true && globals.json !== true);
  return (
    canAsk && confirm(invocation, `${quote.provider}: ${quote.what} costs ${dollars(quote.usd)}. Order it?`)
  );
}

function fileLine({ name, byteLength, status }: Extract<DownloadEvent, { kind: 'file' }>) {
  return { file: name, bytes: byteLength, status };
}

function noteOf(event: DownloadEvent): string {
  if (event.kind === 'waiting') return `job ${event.job} is ${event.state}; asking again in 15 s`;
  return `${event.name}: ${event.status}, ${formatCount(event.byteLength)} bytes`;
}
