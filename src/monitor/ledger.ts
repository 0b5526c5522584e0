import { isStorageError, isTemporaryPath, type Storage } from '../storage/index.ts';
import type { Condition } from './condition.ts';
import { namelessNotice, parseNotice, raisedNotice, resolvedNotice, type StoredNotice } from './notice.ts';
import { type ConditionStates, isRaised, type Transition, transitionsOf } from './transitions.ts';

/** Where alerts are kept in a lake. */
export const ALERTS_FOLDER = '_barline/alerts/';
const STATE_FOLDER = `${ALERTS_FOLDER}state/`;

/**
 * `<condition>.<n>.json` is the notice of a condition's nth change, `….sent.<sink>` says that a sink took it,
 * `….settled` that all did.
 */
const NAME = /^(.+)\.(\d+)\.(?:(json)|(settled)|sent\.(.+))$/;

/** Changes recorded side by side: in a bucket each waits for its answer. */
const AT_ONCE = 16;

interface Change {
  readonly conditionId: string;
  readonly number: number;
  /** `<condition>.<n>`, the beginning of all its files. */
  readonly key: string;
  isThere: boolean;
  isSettled: boolean;
  readonly sentTo: Set<string>;
}

export interface PendingNotice {
  readonly key: string;
  readonly notice: StoredNotice;
  /** Sinks that have not taken it yet. */
  readonly sinks: readonly string[];
}

export interface LedgerOptions {
  /** Sinks that a new notice is meant for. */
  readonly sinks: readonly string[];
  /** Whether sinks also hear that a condition has gone. */
  readonly announceResolved: boolean;
  readonly now: () => number;
}

/**
 * What stands and what was sent, kept in the lake by files that are only ever created: of any number of processes and
 * machines exactly one makes a change. A notice is in the lake before anything is sent, with the sinks it is meant
 * for; it is pending until each of them has taken it, whoever sends it.
 */
export class AlertLedger {
  readonly #storage: Storage;
  readonly #options: LedgerOptions;
  readonly #read = new Map<string, StoredNotice>();

  constructor(storage: Storage, options: LedgerOptions) {
    this.#storage = storage;
    this.#options = options;
  }

  get lakeUri(): string {
    return this.#storage.uri;
  }

  /** The state of every condition, or of those of one month (or `lake`). Costs one listing. */
  async states(place?: string): Promise<ConditionStates> {
    const states = new Map<string, number>();
    for (const { conditionId, number, isThere } of await this.#changes(place)) {
      if (isThere) states.set(conditionId, Math.max(number, states.get(conditionId) ?? 0));
    }
    return states;
  }

  /**
   * Records what has changed since `states`, which the caller read before it looked: whoever looked later, or
   * faster, has been there first, and then nothing is recorded. Returns the notices of this call alone.
   */
  async record(
    states: ConditionStates,
    standing: readonly Condition[],
    isSeen: (conditionId: string) => boolean,
  ): Promise<StoredNotice[]> {
    const transitions = transitionsOf(states, standing, isSeen);
    const notices: StoredNotice[] = [];
    for (let at = 0; at < transitions.length; at += AT_ONCE) {
      const some = transitions.slice(at, at + AT_ONCE);
      const made = await Promise.all(some.map((transition) => this.#recordOne(transition)));
      notices.push(...made.filter((notice) => notice !== undefined));
    }
    return notices;
  }

  async #recordOne(transition: Transition): Promise<StoredNotice | undefined> {
    const { number } = transition;
    const conditionId = transition.to === 'raised' ? transition.condition.id : transition.conditionId;
    const key = `${conditionId}.${number}`;
    const isAnnounced = transition.to === 'raised' || this.#options.announceResolved;
    const place = {
      lakeUri: this.lakeUri,
      key,
      at: new Date(this.#options.now()),
      sinks: isAnnounced ? this.#options.sinks : [],
    };
    let notice: StoredNotice;
    if (transition.to === 'raised') notice = raisedNotice(transition.condition, place);
    else {
      const raised = await this.#notice(`${conditionId}.${number - 1}`);
      notice = resolvedNotice(raised ?? namelessNotice(conditionId, place), place);
    }
    const bytes = new TextEncoder().encode(`${JSON.stringify(notice)}\n`);
    // The point from which the change has happened: a crash after it leaves a notice that the next process sends.
    if (!(await this.#storage.putIfAbsent(pathOf(key, 'json'), bytes))) return undefined;
    if (notice.sinks.length === 0) await this.#settle(key);
    return notice;
  }

  /** The notices of standing conditions, by condition. Reads each once. */
  async standing(): Promise<Map<string, StoredNotice>> {
    const notices = new Map<string, StoredNotice>();
    for (const [conditionId, number] of await this.states()) {
      if (!isRaised(number)) continue;
      const notice = await this.#notice(`${conditionId}.${number}`);
      if (notice !== undefined) notices.set(conditionId, notice);
    }
    return notices;
  }

  /** What some sink has not taken yet, oldest first. Costs a listing, and a read a notice that is not yet settled. */
  async pending(): Promise<PendingNotice[]> {
    const pending: (PendingNotice & { readonly time: string })[] = [];
    const lastTimes = new Map<string, string>();
    for (const { conditionId, key, isThere, isSettled, sentTo } of await this.#changes()) {
      if (!isThere || isSettled) continue;
      const notice = await this.#notice(key);
      if (notice === undefined) continue;
      // machines' clocks differ, the changes of a condition follow one another all the same
      const time = latest(timeOf(notice), lastTimes.get(conditionId) ?? '');
      lastTimes.set(conditionId, time);
      const sinks = notice.sinks.filter((sink) => !sentTo.has(sink));
      if (sinks.length > 0) pending.push({ key, notice, sinks, time });
      // whoever sent it last did not come to say so
      else await this.#settle(key);
    }
    return pending.sort((a, b) => (a.time < b.time ? -1 : a.time > b.time ? 1 : 0));
  }

  /** Notes that a sink has taken a notice. */
  async markSent({ key, sinks }: PendingNotice, sink: string): Promise<void> {
    await this.#storage.put(pathOf(key, `sent.${sink}`), new Uint8Array());
    if (sinks.every((each) => each === sink)) await this.#settle(key);
  }

  /** All sinks have taken it: what came before it of the same condition is no longer needed. */
  async #settle(key: string): Promise<void> {
    await this.#storage.put(pathOf(key, 'settled'), new Uint8Array());
    const [, conditionId = '', number = ''] = /^(.+)\.(\d+)$/.exec(key) ?? [];
    for (const change of await this.#changes(conditionId.slice(0, conditionId.indexOf('/')))) {
      if (change.conditionId !== conditionId || change.number >= Number(number)) continue;
      if (change.isThere && !change.isSettled) continue;
      // the notice first: without it nobody takes the rest for something to send
      await this.#storage.delete(pathOf(change.key, 'json'));
      for (const sink of change.sentTo) await this.#storage.delete(pathOf(change.key, `sent.${sink}`));
      if (change.isSettled) await this.#storage.delete(pathOf(change.key, 'settled'));
    }
  }

  /** By condition, the changes of each in turn. */
  async #changes(place?: string): Promise<Change[]> {
    const changes = new Map<string, Change>();
    const prefix = place === undefined ? STATE_FOLDER : `${STATE_FOLDER}${place}/`;
    for await (const { path } of this.#storage.list(prefix, { details: false })) {
      if (isTemporaryPath(path)) continue;
      const [, conditionId, digits, notice, settled, sink] = NAME.exec(path.slice(STATE_FOLDER.length)) ?? [];
      if (conditionId === undefined) continue;
      const key = `${conditionId}.${digits}`;
      const change = changes.get(key) ?? {
        conditionId,
        number: Number(digits),
        key,
        isThere: false,
        isSettled: false,
        sentTo: new Set<string>(),
      };
      changes.set(key, change);
      if (notice !== undefined) change.isThere = true;
      if (settled !== undefined) change.isSettled = true;
      if (sink !== undefined) change.sentTo.add(sink);
    }
    return [...changes.values()].sort((a, b) => {
      if (a.conditionId !== b.conditionId) return a.conditionId < b.conditionId ? -1 : 1;
      return a.number - b.number;
    });
  }

  /** Undefined when it is gone, or none that can be read. A notice never changes. */
  async #notice(key: string): Promise<StoredNotice | undefined> {
    const known = this.#read.get(key);
    if (known !== undefined) return known;
    const bytes = await this.#storage.read(pathOf(key, 'json')).catch((error: unknown) => {
      if (isStorageError(error, 'STORAGE_NOT_FOUND')) return new Uint8Array();
      throw error;
    });
    const notice = parseNotice(bytes);
    if (notice !== undefined) this.#read.set(key, notice);
    return notice;
  }
}

const pathOf = (key: string, suffix: string) => `${STATE_FOLDER}${key}.${suffix}`;

const timeOf = (notice: StoredNotice) => notice.resolved_at ?? notice.raised_at;

const latest = (a: string, b: string) => (a > b ? a : b);
