import type { DbnCounts, DbnMetadata } from '../../dbn/index.ts';
import type { CommandSpec } from '../command.ts';
import { DBN_FILE, openDbnInput } from '../dbn-input.ts';
import { formatCount, type TextColumn, textTable } from '../text-table.ts';

export const info: CommandSpec = {
  name: 'info',
  summary: 'metadata of a DBN file, its symbol mappings, and how many records it holds',
  arguments: [DBN_FILE],
  examples: [
    'barline dbn info glbx-mdp3-20241001-20241031.ohlcv-1s.dbn.zst',
    'barline dbn info bars.dbn --json | jq .mappings',
    'zstd -dc bars.dbn.zst | barline dbn info -',
  ],
  run: async ({ output }, [file = '']) => {
    const { recordTypeName } = await import('../../dbn/index.ts');
    const { timestampText } = await import('../../export/index.ts');
    await using reader = await openDbnInput(file);
    const counts = await reader.countRecords();
    const facts = infoOf(file, reader.metadata, reader.isCompressed, counts, timestampText());
    output.json(facts);
    if (!output.options.json) output.text(infoText(facts, recordTypeName));
    return 0;
  },
};

type Info = ReturnType<typeof infoOf>;

function infoOf(
  file: string,
  metadata: DbnMetadata,
  isCompressed: boolean,
  counts: DbnCounts,
  timeText: (timeNs: bigint) => string | null,
) {
  const time = (timeNs: bigint | null) => (timeNs === null ? null : timeText(timeNs));
  return {
    file,
    version: metadata.version,
    compression: isCompressed ? 'zstd' : 'none',
    dataset: metadata.dataset,
    schema: metadata.schema,
    stype_in: metadata.stypeIn,
    stype_out: metadata.stypeOut,
    start: time(metadata.start),
    end: time(metadata.end),
    limit: metadata.limit,
    ts_out: metadata.tsOut,
    symbol_cstr_len: metadata.symbolCstrLen,
    symbols: metadata.symbols,
    partial: metadata.partial,
    not_found: metadata.notFound,
    mappings: metadata.mappings.map(({ rawSymbol, intervals }) => ({
      raw_symbol: rawSymbol,
      intervals: intervals.map((each) => ({
        start_date: each.startDate,
        end_date: each.endDate,
        symbol: each.symbol,
      })),
    })),
    records: counts.records,
    bars: counts.bars,
    records_by_rtype: counts.byRtype,
  };
}

function infoText(facts: Info, typeName: (rtype: number) => string | undefined): string {
  const lines: [string, string][] = [
    [
      'file',
      `${facts.file} (DBN version ${facts.version}, ${facts.compression === 'zstd' ? 'zstd' : 'plain'})`,
    ],
    ['dataset', facts.dataset],
    ['schema', facts.schema ?? 'mixed'],
    ['symbology', `${facts.stype_in ?? 'mixed'} → ${facts.stype_out}`],
    ['start', facts.start ?? 'undefined'],
    ['end', facts.end === null ? 'undefined' : `${facts.end} (exclusive)`],
    ['limit', facts.limit === null ? 'none' : formatCount(Number(facts.limit))],
    ['ts_out', facts.ts_out ? 'yes' : 'no'],
    ['symbols', facts.symbols.join(', ') || 'none'],
  ];
  if (facts.partial.length > 0) lines.push(['partly found', facts.partial.join(', ')]);
  if (facts.not_found.length > 0) lines.push(['not found', facts.not_found.join(', ')]);
  const types = Object.entries(facts.records_by_rtype).map(
    ([rtype, count]) => `${typeName(Number(rtype)) ?? 'unknown'} (${rtype}): ${formatCount(count)}`,
  );
  const among = types.length === 0 ? '' : `, ${types.join(', ')}`;
  lines.push(['records', `${formatCount(facts.records)}${among}`]);
  const head = lines.map(([key, value]) => `${key.padEnd(14)}${value}`).join('\n');
  if (facts.mappings.length === 0) return head;
  const rows = facts.mappings.flatMap(({ raw_symbol, intervals }) =>
    intervals.length === 0
      ? [[raw_symbol, '', '', '']]
      : intervals.map((each) => [raw_symbol, each.symbol, each.start_date, each.end_date]),
  );
  const columns: TextColumn[] = [
    { title: 'symbol' },
    { title: facts.stype_out, align: 'right' },
    { title: 'from' },
    { title: 'until (exclusive)' },
  ];
  return `${head}\n\n${textTable(columns, rows)}`;
}
