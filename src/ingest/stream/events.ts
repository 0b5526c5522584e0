/** What a stream says while it works. */

export interface BatchEvent {
  readonly type: 'batch';
  /** Of the table; null when nothing was committed. */
  readonly version: number | null;
  readonly partitions: number;
  readonly messages: number;
  readonly rows: number;
  readonly late: number;
  readonly invalid: number;
  readonly openWindows: number;
  /** Messages that wait, in this process's partitions. */
  readonly lag: number;
  /** The least of the partitions' watermarks, µs; null before the first message. */
  readonly watermarkUs: number | null;
  readonly seconds: number;
  readonly commitSeconds: number;
}

export type StreamEvent =
  | BatchEvent
  /** Partitions that this process has from now on, and where each begins. */
  | { readonly type: 'assigned'; readonly partitions: ReadonlyMap<number, number> }
  /** Partitions that others have from now on. */
  | { readonly type: 'revoked'; readonly partitions: readonly number[] }
  /** Somebody else committed them first: begun again from what is in the table. */
  | { readonly type: 'overtaken'; readonly partitions: readonly number[] }
  /** Messages that the topic dropped before they were read. */
  | { readonly type: 'gone'; readonly partition: number; readonly from: number; readonly to: number }
  /** The small files of many commits could not be joined; they stay. */
  | { readonly type: 'not-compacted'; readonly message: string }
  /** The source does not answer; it is asked again. `null`: it answers again. */
  | { readonly type: 'trouble'; readonly message: string | null };

export type StreamListener = (event: StreamEvent) => void;
