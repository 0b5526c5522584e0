import { randomUUID } from 'node:crypto';
import { usageError } from '../../base/index.ts';
import { type CommandSpec, option } from '../command.ts';
import { chosenLetters, FILTERS, LETTERS, openDeadLetters, streamText } from '../dead-letter-choice.ts';
import { durationOf, openLake } from '../ingest-request.ts';
import { priceBounds } from '../provider-settings.ts';
import { formatCount } from '../text-table.ts';

export const replay: CommandSpec = {
  name: 'replay',
  summary: 'checks dead letters again and stores what now passes, once',
  description:
    'Checks each record again, appends those that pass to their table, and keeps the rest with its reason. Mend records by editing the file of the dead letter: its fields timestamp, open, high, low, close and volume are what is checked.',
  arguments: [LETTERS],
  options: FILTERS,
  examples: ['barline dlq replay', 'barline dlq replay 9f3c1a2b4d5e --json'],
  run: async (invocation, ids, options) => {
    const { replayLetter } = await import('../../ingest/index.ts');
    const { output, now, signal } = invocation;
    const { configuration, storage } = await openLake(invocation);
    const bounds = priceBounds(configuration.value.ingest);
    const deadLetters = await openDeadLetters(invocation);
    const request = { lake: storage, deadLetters, ingestionId: randomUUID(), now, priceBounds: bounds };
    const total = { letters: 0, records: 0, stored: 0, duplicate: 0, kept: 0 };
    for await (const letter of chosenLetters(invocation, options, ids)) {
      if (signal.aborted) break;
      const result = await replayLetter(request, letter);
      if (result === undefined) {
        output.note(
          `${letter.id}: ${streamText(letter.context)} is nothing that is ingested in batches; left alone`,
        );
        continue;
      }
      const { id, records, stored, duplicate, kept } = result;
      output.json({ id, records, stored, duplicate, kept });
      output.text(
        `${id}  ${streamText(letter.context)}: ${formatCount(stored)} stored, ${formatCount(duplicate)} duplicate, ${formatCount(kept)} kept`,
      );
      total.letters++;
      total.records += records;
      total.stored += stored;
      total.duplicate += duplicate;
      total.kept += kept;
    }
    output.json({ summary: total });
    output.text(
      `${formatCount(total.records)} records in ${formatCount(total.letters)} dead letters: ${formatCount(total.stored)} stored, ${formatCount(total.duplicate)} duplicate, ${formatCount(total.kept)} kept`,
    );
    return 0;
  },
};

export const purge: CommandSpec = {
  name: 'purge',
  summary: 'removes dead letters for good',
  description:
    'Removes the dead letters named, or those that the options choose; their records are then gone. Without ids or options it needs --yes.',
  arguments: [LETTERS],
  options: [...FILTERS, option('--older-than <time>', 'only those written longer ago, e.g. 30d')],
  examples: ['barline dlq purge 9f3c1a2b4d5e', 'barline dlq purge --older-than 30d'],
  run: async (invocation, ids, options) => {
    const { output, now } = invocation;
    const ageUs = durationOf(options, 'olderThan');
    const isChosen =
      ids.some((id) => id !== undefined) ||
      ageUs !== undefined ||
      ['assets', 'timeframes', 'provider'].some((name) => options[name] !== undefined);
    if (!isChosen && invocation.globals.yes !== true) {
      throw usageError('this would remove every dead letter', 'name some, or add --yes');
    }
    const letters = await openDeadLetters(invocation);
    const removed = { letters: 0, records: 0 };
    for await (const letter of chosenLetters(invocation, options, ids)) {
      if (ageUs !== undefined && (now() - Date.parse(letter.timestamp)) * 1000 < ageUs) continue;
      await letters.remove(letter);
      removed.letters++;
      removed.records += letter.records.length;
    }
    output.json(removed);
    output.text(
      `removed ${formatCount(removed.letters)} dead letters with ${formatCount(removed.records)} records`,
    );
    return 0;
  },
};
