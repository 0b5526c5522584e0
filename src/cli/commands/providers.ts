import type { CircuitRecord, CircuitState, ProviderCheck, ProviderFacts } from '../../providers/index.ts';
import { type CommandSpec, type Invocation, option } from '../command.ts';
import type { Settings } from '../configuration.ts';
import { isoTime, lakeOf } from '../table-argument.ts';
import { formatSeconds, type TextColumn, textTable } from '../text-table.ts';

export const providers: CommandSpec = {
  name: 'providers',
  summary: 'vendors of bars: timeframes, keys, rate limits, circuits',
  description:
    'The vendors that bars can be ingested from, and how they are: whether their key is in the environment, where and how often they are asked, and the state of their circuit as the runs on this lake left it. After five failures in a row a circuit opens, and the vendor is left alone for 60 s.',
  options: [option('--check', 'make one small request to each that has what it needs')],
  examples: ['barline providers', 'barline providers --check', 'barline providers --json'],
  run: async (invocation, _args, options) => {
    const { output } = invocation;
    const { configuration, lake } = await lakeOf(invocation);
    const { circuitState, lakeCircuitRecords, PROVIDER_FACTS, factsOf } = await import(
      '../../providers/index.ts'
    );
    const { openStorage } = await import('../../storage/index.ts');
    const settings = configuration.value.providers;
    const exchanges = Object.keys(settings).filter((name) => name.startsWith('ccxt:'));
    const records = await lakeCircuitRecords(openStorage(lake));
    const known = [...PROVIDER_FACTS, ...exchanges.map(factsOf)];
    const left = [...records.keys()].filter((name) => name.startsWith('ccxt:') && !exchanges.includes(name));
    const lines: ProviderLine[] = [];
    for (const facts of [...known, ...left.map(factsOf)]) {
      const record = records.get(facts.name);
      const circuit = record === undefined ? 'closed' : circuitState(record, invocation.now());
      const state = providerLine(facts, { settings, record, circuit }, invocation);
      const check = options.check === true ? { check: await checked(state, invocation, settings, lake) } : {};
      const line = { ...state, ...check };
      output.json(line);
      lines.push(line);
    }
    if (!output.options.json) {
      output.text(textTable(columnsOf(options.check === true), lines.map(cellsOf)));
      for (const line of lines) for (const note of notesOf(line)) output.note(note);
      output.note('ccxt:EXCHANGE, e.g. ccxt:kraken: any exchange of the ccxt library (npm install ccxt)');
    }
    return lines.some(({ check }) => check?.ok === false) ? 1 : 0;
  },
};

interface ProviderLine {
  readonly name: string;
  readonly timeframes: readonly string[];
  readonly key: 'present' | 'missing' | 'not needed';
  readonly key_variable: string | null;
  readonly base_url: string | null;
  readonly requests_per_minute: number | null;
  readonly circuit: CircuitState;
  readonly failures: number;
  readonly last_error: string | null;
  readonly last_error_at: string | null;
  /** With --check; null where a key is missing. */
  readonly check?: ProviderCheck | null;
}

function providerLine(
  facts: ProviderFacts,
  known: { settings: Settings['providers']; record: CircuitRecord | undefined; circuit: CircuitState },
  { environment }: Invocation,
): ProviderLine {
  const { name, keyVariable, keyNeeded } = facts;
  const { settings, record, circuit } = known;
  const hasKey = keyVariable !== null && (environment[keyVariable] ?? '').trim() !== '';
  return {
    name,
    timeframes: facts.timeframes,
    key: hasKey ? 'present' : keyNeeded ? 'missing' : 'not needed',
    key_variable: keyVariable,
    base_url: settings[name]?.baseUrl ?? facts.baseUrl,
    requests_per_minute: settings[name]?.requestsPerMinute ?? facts.requestsPerMinute,
    circuit,
    failures: record?.failures ?? 0,
    last_error: record?.lastError ?? null,
    last_error_at: isoTime(record?.lastErrorAtMs ?? null),
  };
}

/** One small request; a circuit that was open or counting is closed again when it is answered. */
async function checked(
  line: ProviderLine,
  { environment, signal }: Invocation,
  settings: Settings['providers'],
  lake: string,
): Promise<ProviderCheck | null> {
  if (line.key === 'missing') return null;
  const { checkProvider, lakeCircuits, NEW_CIRCUIT, systemClock } = await import('../../providers/index.ts');
  const { openStorage } = await import('../../storage/index.ts');
  const circuits = lakeCircuits(openStorage(lake));
  const check = await checkProvider(
    line.name,
    { settings, environment, clock: systemClock, circuits },
    signal,
  );
  if (check.ok && line.failures > 0) await circuits.save(line.name, NEW_CIRCUIT);
  return check;
}

const COLUMNS: readonly TextColumn[] = [
  { title: 'provider' },
  { title: 'timeframes' },
  { title: 'key' },
  { title: 'requests/min', align: 'right' },
  { title: 'circuit' },
  { title: 'base URL' },
];

function columnsOf(withCheck: boolean): readonly TextColumn[] {
  return withCheck ? [...COLUMNS, { title: 'check' }] : COLUMNS;
}

function cellsOf(line: ProviderLine): string[] {
  const { name, timeframes, key, requests_per_minute: rate, circuit, base_url: url, check } = line;
  const cells = [name, timeframes.join(' '), key, rate === null ? '' : String(rate), circuit, url ?? ''];
  if (check === undefined) return cells;
  return [
    ...cells,
    check === null ? 'not asked' : check.ok ? `answered in ${formatSeconds(check.seconds)}` : 'failed',
  ];
}

/** What does not fit into a cell. */
function notesOf({
  name,
  key,
  key_variable: variable,
  last_error: error,
  last_error_at: at,
  check,
}: ProviderLine) {
  const notes: string[] = [];
  if (key === 'missing') notes.push(`${name}: set ${variable} in the environment`);
  if (error !== null) notes.push(`${name}: last error, ${at}: ${error}`);
  if (check?.error) notes.push(`${name}: ${check.error.message}`);
  return notes;
}
