import { z } from 'zod';
import { type Issue, SseError } from '../errors.ts';
import { didYouMean } from '../nearest.ts';
import { parseDuration } from '../units.ts';
import { type Audience, everyone } from './audience.ts';
import type { EventDraft, ReplayRules, ServerSentEvent } from './event.ts';
import { compileFilter } from './filter.ts';
import type { Client } from './identity.ts';
import { DEFAULT_SIZES, type Sizes } from './sizes.ts';

/** An event as publishers write it: the JSON body of a broadcast, and what `publish()` takes in code. */
export interface DraftInput {
  /** The event type. Default `message`. */
  readonly event?: string;
  /** A string is sent as it is, any other value as its JSON text. */
  readonly data: unknown;
  /** New reconnection time for the clients, in ms: 500 to 3 600 000. */
  readonly retry?: number;
  /** A CEL expression, or an object of equalities. In code also a function of the client: live only, never stored. */
  readonly filter?: string | object | ((client: Client) => boolean);
  /** Only clients that subscribed to any of these. */
  readonly topics?: string | readonly string[];
  /** Client ids or identity ids that are left out. */
  readonly except?: string | readonly string[];
  /** Your own id for it, unique in the log: 1 to 64 of `A-Z a-z 0-9 _ ~ . -`, or what `idLimit` says. It stands behind the dot of the id that clients get. */
  readonly id?: string;
  /** Not replayed when this time has passed: `10m`. At least `1s`. Default: as long as it is kept. */
  readonly ttl?: string;
  /** `false`: only for those who are there when it comes, never replayed. Default `true`. */
  readonly history?: boolean;
  /** Of events with the same key, a client that comes back gets only the newest that is for it. */
  readonly supersedes?: string;
}

export const DRAFT_FIELDS = [
  'event',
  'data',
  'retry',
  'filter',
  'topics',
  'except',
  'id',
  'ttl',
  'history',
  'supersedes',
] as const;

const MAX_TOPICS = 64;
const MAX_EXCEPT = 1000;
/** How many topics and exceptions an event may have. */
export const DRAFT_LIMITS: Readonly<Record<'topics' | 'except', number>> = { topics: MAX_TOPICS, except: MAX_EXCEPT };
/** More mistakes than this are not listed: nobody reads them, and the answer would outgrow the question. */
const MAX_ISSUES = 20;
/** Ten years in ms: what no log keeps. */
const MAX_TTL = 3650 * 86_400_000;

/**
 * All rules for an event's type, each with its reason; undefined when it keeps them.
 * Nothing is stripped or repaired: what is published is what was meant, or it is refused.
 */
export function typeProblem(type: string, { typeLimit }: Sizes = DEFAULT_SIZES): string | undefined {
  // 9.2.6: an empty type means "message"; written out, it is a mistake.
  if (type === '') return 'is empty; leave it out for "message"';
  // "message" is the type of an event that has none, and takes no room on the wire.
  if (type.length > typeLimit && type !== 'message') return `has at most ${typeLimit} characters; see --type-limit`;
  // 9.2.5: CR and LF end the field, and what follows would be read as fields of its own. Other control characters break logs and terminals.
  if (/\p{Cc}/u.test(type)) return 'must not contain control characters or line breaks';
  // The stream is UTF-8 (9.2.5), which cannot hold them.
  if (!type.isWellFormed()) return 'must not contain lone surrogates';
  // Ours: clients must be able to trust control events.
  if (type.startsWith('sse.')) return 'must not begin with "sse.": these types are control events';
  return undefined;
}

/** All rules for a publisher's own id; undefined when it keeps them. */
function ownIdProblem(id: string, { idLimit }: Sizes): string | undefined {
  // Clients send ids back in `Last-Event-ID`: with these characters, and at most 64 of them, no client needs a preflight for it.
  if (id.length > idLimit) return `has 1 to ${idLimit} letters, digits or - _ . ~; see --id-limit`;
  return /^[A-Za-z0-9_~.-]+$/.test(id) ? undefined : `has 1 to ${idLimit} letters, digits or - _ . ~`;
}

/** All rules for a time to live; undefined when it keeps them. */
function ttlProblem(ttl: string): string | undefined {
  const time = parseDuration(ttl);
  if (time === undefined) return 'must be a duration such as 30s, 10m or 2h';
  // Below that it would be a race between the publisher's clock and a reconnecting client; `history: false` says it better.
  if (time < 1000) return 'must be at least 1s; for an event that is never replayed, history is false';
  return time > MAX_TTL ? 'must be at most 3650d' : undefined;
}

/** All rules for a topic, and for the key of `supersedes`; undefined when it keeps them. */
export function topicProblem(topic: string, { topicLimit }: Sizes = DEFAULT_SIZES): string | undefined {
  if (topic === '') return 'must not be empty';
  if (topic.length > topicLimit) return `has at most ${topicLimit} characters; see --topic-limit`;
  if (/\p{Cc}/u.test(topic)) return 'must not contain control characters or line breaks';
  if (!topic.isWellFormed()) return 'must not contain lone surrogates';
  return undefined;
}

/** At most this many topics per client and per event. */
export const TOPICS_LIMIT: number = MAX_TOPICS;

const checked = (problem: (value: string) => string | undefined) =>
  z.string('must be a string').superRefine((value, context) => {
    const message = problem(value);
    if (message !== undefined) context.addIssue({ code: 'custom', message });
  });
const listOf = <T extends z.ZodType>(item: T, max: number) =>
  z.preprocess(
    (value) => (typeof value === 'string' ? [value] : value),
    z
      .array(item, 'must be a string or a list of strings')
      .min(1, 'must not be empty; leave it out to reach everyone')
      .max(max, `has at most ${max} entries`),
  );

type Schema = ReturnType<typeof makeSchema>;

function makeSchema(sizes: Sizes) {
  const topic = checked((text) => topicProblem(text, sizes));
  return z.strictObject({
    event: checked((type) => typeProblem(type, sizes))
      .optional()
      .describe('The event type; default "message".'),
    data: z.unknown().optional().describe('A string is sent as it is, any other value as its JSON text.'),
    retry: z
      .int('must be a whole number of milliseconds')
      // Below half a second a failing server is hammered; above an hour a client is as good as gone.
      .min(500, 'must be at least 500 (ms)')
      .max(3_600_000, 'must be at most 3600000 (ms)')
      .optional()
      .describe('New reconnection time for the clients, in ms.'),
    filter: z
      .custom<string | object | ((client: Client) => boolean)>(
        (value) => typeof value === 'string' || typeof value === 'function' || (typeof value === 'object' && value !== null),
        'must be a CEL expression or an object of equalities',
      )
      .optional(),
    topics: listOf(topic, MAX_TOPICS).optional(),
    except: listOf(
      z
        .string('must be a string')
        .min(1, 'must not be empty')
        .max(256, 'has at most 256 characters')
        .refine((id) => id.isWellFormed(), 'must not contain lone surrogates'),
      MAX_EXCEPT,
    ).optional(),
    id: checked((id) => ownIdProblem(id, sizes)).optional(),
    ttl: checked(ttlProblem).optional(),
    history: z.boolean('must be true or false').optional(),
    supersedes: topic.optional(),
  });
}

/** Making one takes as long as a hundred drafts; a server has the same sizes until it reads others. */
const schemas = new WeakMap<Sizes, Schema>();

function schemaFor(sizes: Sizes): Schema {
  const known = schemas.get(sizes);
  if (known) return known;
  const schema = makeSchema(sizes);
  schemas.set(sizes, schema);
  return schema;
}

/** The shape of a draft, for a JSON Schema of it: the same whatever the sizes are. What needs more than a shape, `parseDraft` looks at. */
export const draftSchema: z.ZodType = schemaFor(DEFAULT_SIZES);

/**
 * Makes a draft from untrusted input, or refuses it whole.
 *
 * @param input what the publisher gave; a filter function is accepted from code only, since no other source can hold one
 * @param pointers how to name a field to the person who gave it, e.g. `X-Filter`; default is the JSON pointer `/filter`
 * @param sizes how large its parts may be; the same value again is faster than an equal one
 * @throws SseError `invalid-event` or `invalid-filter`, with an issue for each bad field
 */
export function parseDraft(
  input: unknown,
  pointers: (field: string) => string = (field) => `/${field}`,
  sizes: Sizes = DEFAULT_SIZES,
): EventDraft {
  const result = schemaFor(sizes).safeParse(input);
  if (!result.success)
    throw SseError.of(
      'invalid-event',
      result.error.issues.flatMap((issue) => readable(issue, pointers)),
    );
  const { event, retry, filter, topics, except, id, ...rules } = result.data;
  const replay = replayOf(rules);

  // 9.2.6: an event without data is never dispatched. Null is data, a missing field is a mistake.
  if (!('data' in result.data)) throw SseError.of('invalid-event', [{ pointer: pointers('data'), detail: 'is required' }]);
  const data = asText(result.data.data, pointers('data'));
  if (data === undefined) throw SseError.of('invalid-event', [{ pointer: pointers('data'), detail: 'has no JSON text' }]);
  if (!data.isWellFormed())
    throw SseError.of('invalid-event', [{ pointer: pointers('data'), detail: 'must not contain lone surrogates' }]);

  // Field by field: to put objects together of others costs ten times as much.
  const written: { -readonly [Part in keyof ServerSentEvent]: ServerSentEvent[Part] } = { type: event ?? 'message', data };
  if (retry !== undefined) written.retry = retry;
  const audience = audienceOf({ filter, topics, except }, pointers('filter'), sizes);
  const draft: { -readonly [Part in keyof EventDraft]: EventDraft[Part] } = { event: Object.freeze(written), audience };
  if (id !== undefined) draft.ownId = id;
  if (replay) draft.replay = replay;
  return Object.freeze(draft);
}

function replayOf({
  ttl,
  history,
  supersedes,
}: Pick<z.infer<Schema>, 'ttl' | 'history' | 'supersedes'>): ReplayRules | undefined {
  if (ttl === undefined && history !== false && supersedes === undefined) return undefined;
  return Object.freeze({
    ...(ttl !== undefined && { ttl: parseDuration(ttl) as number }),
    ...(history === false && { history }),
    ...(supersedes !== undefined && { supersedes }),
  });
}

function audienceOf(
  { filter, topics, except }: Pick<z.infer<Schema>, 'filter' | 'topics' | 'except'>,
  pointer: string,
  sizes: Sizes,
): Audience {
  if (filter === undefined && !topics && !except) return everyone;
  const audience: { -readonly [Part in keyof Audience]: Audience[Part] } = {};
  if (typeof filter === 'function') audience.match = filter as NonNullable<Audience['match']>;
  else if (filter !== undefined) audience.filter = compileFilter(filter, pointer, sizes);
  if (topics) audience.topics = topics;
  if (except) audience.except = except;
  return Object.freeze(audience);
}

function asText(data: unknown, pointer: string): string | undefined {
  if (typeof data === 'string') return data;
  try {
    return JSON.stringify(data);
  } catch (error) {
    throw SseError.of('invalid-event', [{ pointer, detail: `cannot be written as JSON: ${(error as Error).message}` }]);
  }
}

function readable(issue: z.core.$ZodIssue, pointers: (field: string) => string): Issue[] {
  if (issue.code === 'unrecognized_keys')
    return issue.keys
      .slice(0, MAX_ISSUES)
      .map((key) => ({ pointer: pointers(key), detail: `unknown field${didYouMean(key, DRAFT_FIELDS)}` }));
  const [field, ...rest] = issue.path;
  if (field === undefined) return [{ pointer: '', detail: 'must be an object such as {"data":"hello"}' }];
  return [{ pointer: [pointers(String(field)), ...rest].join('/'), detail: issue.message }];
}
