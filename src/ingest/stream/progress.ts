/** How far each partition of a topic is in the table, as it stands in the table's log. */
import { z } from 'zod';
import { BarlineError } from '../../base/index.ts';
import type { Snapshot, Transaction } from '../../delta/index.ts';
import type { PartitionProgress } from './partition-windows.ts';

export interface StoredProgress extends PartitionProgress {
  /** See `MessageSource.identity`. */
  readonly identity: string | null;
  /**
   * Offsets from `restart` on whose messages were ahead of the clock. The clock has gone on when they are read again:
   * only this tells that they were dead letters.
   */
  readonly ahead: readonly number[];
  /** Names of the dead letters staged for this commit: whoever goes on from here publishes them. */
  readonly letters: readonly string[];
}

export interface TopicPartition {
  readonly topic: string;
  readonly partition: number;
}

/** The application whose transactions carry the offset to restart from as version. */
export function appIdOf({ topic, partition }: TopicPartition): string {
  return `barline-stream/${topic}/${partition}`;
}

/** The metadata domain with the rest: two commits of one partition exclude each other by it. */
export function domainOf({ topic, partition }: TopicPartition): string {
  return `${DOMAIN_PREFIX}${topic}/${partition}`;
}

const DOMAIN_PREFIX = 'barline.stream/';

const storedSchema = z.object({
  restart: z.int().nonnegative(),
  position: z.int().nonnegative(),
  watermark_us: z.number().nullable(),
  ahead: z.array(z.int().nonnegative()),
  letters: z.array(z.string()),
  identity: z.string().nullable(),
});

/** Names of all dead letters that the newest commits of any stream into the table have staged. */
export function committedLetters(snapshot: Snapshot): string[] {
  return [...snapshot.domainMetadata.values()]
    .filter(({ domain }) => domain.startsWith(DOMAIN_PREFIX))
    .flatMap(({ configuration }) => storedSchema.safeParse(JSON.parse(configuration)).data?.letters ?? []);
}

/** As it stands in the log; undefined before the partition's first commit. */
export function progressText(snapshot: Snapshot, partition: TopicPartition): string | undefined {
  return snapshot.domainMetadata.get(domainOf(partition))?.configuration;
}

export function storedProgress(snapshot: Snapshot, partition: TopicPartition): StoredProgress | undefined {
  const text = progressText(snapshot, partition);
  if (text === undefined) return undefined;
  const parsed = storedSchema.safeParse(JSON.parse(text));
  if (!parsed.success) {
    throw new BarlineError({
      code: 'STREAM_PROGRESS_UNREADABLE',
      message: `the metadata domain ${domainOf(partition)} of ${snapshot.table} is none of this version: ${text}`,
      hint: 'a newer barline wrote it, or somebody by hand',
      facts: { table: snapshot.table, ...partition },
    });
  }
  const { watermark_us, ...rest } = parsed.data;
  return { ...rest, watermarkUs: watermark_us ?? Number.NEGATIVE_INFINITY };
}

/** As `progressText` will give it. */
export function textOf(progress: StoredProgress): string {
  const { restart, position, watermarkUs, ahead, letters, identity } = progress;
  const watermark_us = Number.isFinite(watermarkUs) ? watermarkUs : null;
  return JSON.stringify({ restart, position, watermark_us, ahead, letters, identity });
}

/** Puts a partition's progress into the commit of its rows. */
export function setProgress(
  transaction: Transaction,
  partition: TopicPartition,
  progress: StoredProgress,
): void {
  const appId = appIdOf(partition);
  const last = transaction.readTransaction(appId);
  // versions of an application must rise: where the restart stays, the domain alone says that things went on
  if (last === undefined || progress.restart > last) transaction.setTransaction(appId, progress.restart);
  transaction.setDomainMetadata(domainOf(partition), textOf(progress));
}
