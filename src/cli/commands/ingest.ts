import type { NounSpec } from '../command.ts';
import { gaps } from './ingest-gaps.ts';
import { ingestRun } from './ingest-run.ts';

export const ingest: NounSpec = {
  name: 'ingest',
  summary: ingestRun.summary,
  itself: ingestRun,
  verbs: [gaps],
};
