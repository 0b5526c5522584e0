import { createHash } from 'node:crypto';
import { z } from 'zod';
import { CONDITION_KINDS, type Condition, LAKE } from './condition.ts';

/** A condition that came up or went away: what the lake keeps and what sinks are sent. */
const notice = z.object({
  id: z.string(),
  status: z.enum(['raised', 'resolved', 'test']),
  /** Null of a test. */
  condition: z.enum(CONDITION_KINDS).nullable(),
  month: z.string().nullable(),
  mode: z.string().nullable(),
  message: z.string(),
  value: z.number().nullable(),
  threshold: z.union([z.number(), z.tuple([z.number(), z.number()])]).nullable(),
  /** When it came up. */
  raised_at: z.string(),
  /** When it went away. */
  resolved_at: z.string().nullable(),
});

const stored = notice.extend({
  /** Names of the sinks that are to get it. */
  sinks: z.array(z.string()),
});

export type Notice = Readonly<z.infer<typeof notice>>;
export type StoredNotice = Readonly<z.infer<typeof stored>>;

/** Undefined when the bytes are none. */
export function parseNotice(bytes: Uint8Array): StoredNotice | undefined {
  try {
    return stored.safeParse(JSON.parse(new TextDecoder().decode(bytes))).data;
  } catch {
    return undefined;
  }
}

/** What a sink is sent: without the names of the others. */
export function withoutSinks({ sinks: _sinks, ...rest }: StoredNotice): Notice {
  return rest;
}

interface Place {
  readonly lakeUri: string;
  readonly key: string;
  readonly at: Date;
  readonly sinks: readonly string[];
}

/** The same for each delivery of one notice, and never again for another. */
function idOf({ lakeUri, key, at }: Omit<Place, 'sinks'>): string {
  return createHash('sha256').update(`${lakeUri}\n${key}\n${at.toISOString()}`).digest('hex').slice(0, 24);
}

export function raisedNotice(condition: Condition, place: Place): StoredNotice {
  const { kind, month, mode, message, value, threshold } = condition;
  const at = place.at.toISOString();
  return {
    id: idOf(place),
    status: 'raised',
    condition: kind,
    month,
    mode,
    message,
    value,
    threshold: typeof threshold === 'number' || threshold === null ? threshold : [threshold[0], threshold[1]],
    raised_at: at,
    resolved_at: null,
    sinks: [...place.sinks],
  };
}

/** A message to try a sink with; it stands for nothing. */
export function testNotice(at: Date): Notice {
  return {
    id: idOf({ lakeUri: '', key: 'test', at }),
    status: 'test',
    condition: null,
    month: null,
    mode: null,
    message: 'this is a test: nothing is wrong',
    value: null,
    threshold: null,
    raised_at: at.toISOString(),
    resolved_at: null,
  };
}

/** What the id alone tells, for a notice that cannot be read any more. */
export function namelessNotice(conditionId: string, place: Place): StoredNotice {
  const [where = '', name = ''] = conditionId.split('/');
  const [word, mode = null] = name.split('.');
  const kind = CONDITION_KINDS.find((each) => each === word) ?? 'failed';
  const month = where === LAKE ? null : where;
  const message = `${conditionId}: what was wrong cannot be read`;
  return raisedNotice({ id: conditionId, kind, month, mode, message, value: null, threshold: null }, place);
}

/** Says what it was that went away. */
export function resolvedNotice(raised: StoredNotice, place: Place): StoredNotice {
  return {
    ...raised,
    id: idOf(place),
    status: 'resolved',
    resolved_at: place.at.toISOString(),
    sinks: [...place.sinks],
  };
}
