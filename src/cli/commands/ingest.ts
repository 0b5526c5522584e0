import type { NounSpec } from '../command.ts';
import { compare } from './ingest-compare.ts';
import { gaps } from './ingest-gaps.ts';
import { months } from './ingest-months.ts';
import { records } from './ingest-records.ts';
import { ingestRun } from './ingest-run.ts';

export const ingest: NounSpec = {
  name: 'ingest',
  summary: ingestRun.summary,
  itself: ingestRun,
  verbs: [gaps, compare, months, records],
};
