import { z } from 'zod';
import type { ErrorCode } from '../errors.ts';
import { DRAFT_FIELDS, draftSchema } from '../event/draft.ts';
import { CHECK_FILTER, DISCONNECT, LOG_LEVEL, REVOKE } from './orders.ts';

/** What one method of a path takes and answers. */
export interface Operation {
  readonly summary: string;
  /** Query parameters and what each means. */
  readonly query?: Readonly<Record<string, string>>;
  /** Header fields and what each means. */
  readonly headers?: Readonly<Record<string, string>>;
  /** The JSON that it takes. */
  readonly body?: z.ZodType;
  /** What a body may be besides JSON: media types and what each means. */
  readonly otherBodies?: Readonly<Record<string, string>>;
  readonly answer: { readonly status: number; readonly type: string; readonly schema?: z.ZodType; readonly description: string };
  /** Errors beside those of every admin request. */
  readonly errors?: readonly ErrorCode[];
}

const EVENT_STREAM = 'text/event-stream';
const JSON_TYPE = 'application/json';

const text = z.string();
const count = z.int().min(0);
const time = z.iso.datetime();

const identity = {
  client: text.describe('The id of its connection.'),
  ip: text,
  authenticated: z.boolean(),
  id: text,
  login: text,
  name: text,
  mail: text,
  profile: text,
  roles: z.array(text),
  topics: z.array(text),
};
const client = z.strictObject({
  ...identity,
  since: time,
  state: z
    .enum(['live', 'ready', 'reading', 'blocked'])
    .describe('blocked takes nothing at the moment; ready and reading catch up.'),
  lastEventId: text.describe('The last id that it was sent.'),
  behind: count.describe('Entries of the log that it has not been sent yet.'),
  missed: count.describe('Entries that it had missed when it came.'),
  events: count.describe('Events that it was sent.'),
  bytes: count.describe('Bytes that it was sent.'),
});
const delivery = {
  id: text,
  matched: count,
  written: count,
  flushed: count.describe('Handed to the kernel.'),
  behind: count.describe('Connected, and not written or not flushed.'),
  closed: count.describe('Gone before it was flushed.'),
};
const published = z.strictObject({
  id: text,
  matched: count,
  durability: z.enum(['memory', 'disk']),
  ...z.strictObject(delivery).omit({ id: true, matched: true }).partial().shape,
});
const check = z.strictObject({ matched: count, total: count, first: z.array(z.strictObject(identity)) });
const entry = z.strictObject({
  id: text,
  time,
  event: text,
  data: text,
  retry: z.int().optional(),
  filter: text.optional(),
  topics: z.array(text).optional(),
  except: z.array(text).optional(),
  ttl: text.optional(),
  history: z.boolean().optional(),
  supersedes: text.optional(),
  size: count.optional().describe('Of the data, in UTF-16 units, where clip was asked for.'),
});
const counters = z.record(text, count);
const stats = z.strictObject({
  uptime: count.describe('In seconds.'),
  clients: z.strictObject({ total: count, live: count, ready: count, blocked: count, reading: count }),
  events: count,
  history: z.strictObject({ events: count, bytes: count }),
  durability: z.enum(['memory', 'disk']),
  accepts: z.boolean(),
  config: z.strictObject({
    loadedAt: time.describe('When it was last read and found good.'),
    lastReloadSuccessful: z.boolean().describe('Whether the last reload came to something; true before the first.'),
    needsRestart: z.array(text).describe('Options whose values wait for a restart.'),
  }),
  limits: z.record(text, z.record(text, count.nullable())).describe('What is used of each; null is no limit.'),
  totals: z.record(text, z.union([count, counters])),
});

const change = z.strictObject({
  name: text.describe('Of the option, as in a config file.'),
  old: z.unknown().optional(),
  new: z.unknown().optional(),
  file: text.optional().describe('The file that it names, where that holds something else now.'),
});
const reloaded = z.strictObject({
  changed: z.array(change).describe('What counts from now on.'),
  needsRestart: z.array(change).describe('What stays as it was until a restart.'),
  renewed: count.describe('Streams whose client is somebody else by it.'),
  ended: count.describe('Streams that ended, since their client would not be let in by it.'),
  warnings: z.array(text),
});

const json = (schema: z.ZodType, description: string, status = 200) => ({ status, type: JSON_TYPE, schema, description });
const FILTER = 'CEL over what is known of a client: profile == "Administrator".';
const SELECTION = {
  since: 'Not older than this: a duration back from now (10m), an ISO time, or earliest.',
  until: 'Older than this.',
  filter: 'CEL over id, event, data, topics and time.',
};

const broadcast: Operation = {
  summary: 'Publishes an event, or with application/x-ndjson a batch of them: all or none.',
  query: {
    ...Object.fromEntries(DRAFT_FIELDS.map((field) => [field, 'As in the body.'])),
    wait: 'Answers with a receipt when everyone has it, or when this time is over: 2s, at most 60s.',
    dryRun: 'Says whom it would reach (200), and publishes nothing.',
  },
  headers: { 'Idempotency-Key': 'Publishing again under the same key within 24 h answers the same and sends nothing.' },
  body: draftSchema,
  otherBodies: {
    'text/plain': 'The data itself.',
    'application/x-www-form-urlencoded': 'A form that has a data field.',
    'application/x-ndjson': 'One event a line; the answer has one line for each.',
  },
  answer: json(published, 'In the log, and on its way.', 202),
  errors: [
    'invalid-event',
    'invalid-filter',
    'conflict',
    'too-large',
    'unsupported-media-type',
    'overloaded',
    'store-failed',
    'stopping',
  ],
};

/** What stands under `/admin`: the paths and methods of `admin-routes.ts`, each described. */
export const ADMIN_API: Readonly<Record<string, Readonly<Record<string, Operation>>>> = {
  '/broadcast': { POST: broadcast, PUT: broadcast },
  '/broadcasts/{id}': {
    GET: {
      summary: 'The receipt of an event: how far it has got.',
      query: { clients: '1 names the clients, those who do not have it first.' },
      answer: json(
        z.strictObject({
          ...delivery,
          clients: z.array(z.strictObject({ ...identity, state: z.enum(['flushed', 'written', 'behind', 'closed']) })).optional(),
        }),
        'The receipt.',
      ),
      errors: ['not-found'],
    },
  },
  '/clients': {
    GET: {
      summary: 'Who is connected, in the order in which they came.',
      query: { filter: FILTER, limit: 'At most so many, 1 to 1000; 100.', cursor: 'The next of an earlier answer.' },
      answer: json(
        z.strictObject({ clients: z.array(client), matched: count, total: count, next: text.nullable() }),
        'A page of them; next is null on the last.',
      ),
      errors: ['invalid-filter'],
    },
  },
  '/clients/disconnect': {
    POST: {
      summary: 'Ends the streams of those whom a filter selects.',
      body: DISCONNECT.schema,
      answer: json(z.strictObject({ disconnected: count }), 'How many there were.'),
      errors: ['invalid-filter', 'unsupported-media-type', 'too-large', 'overloaded'],
    },
  },
  '/clients/{id}': {
    GET: {
      summary: 'One client, with its claims.',
      answer: json(z.strictObject({ ...client.shape, claims: z.record(text, z.unknown()) }), 'It.'),
      errors: ['not-found'],
    },
    DELETE: {
      summary: 'Ends its stream; it comes back, if it is one that does.',
      answer: json(z.strictObject({ disconnected: z.literal(1) }), 'It is gone.'),
      errors: ['not-found', 'too-large', 'overloaded'],
    },
  },
  '/clients/{id}/tap': {
    GET: {
      summary: 'What one client is sent from now on, byte for byte.',
      answer: { status: 200, type: EVENT_STREAM, description: 'Its stream, until that ends.' },
      errors: ['not-found'],
    },
  },
  '/config': {
    GET: {
      summary: 'Every option, its value and where that came from, and what it will be after a restart.',
      answer: json(z.record(text, z.unknown()), 'By name.'),
    },
  },
  '/config/reload': {
    POST: {
      summary:
        'Reads the configuration anew, and every file that it names. What can change under way counts at once; open streams stay, but for those of clients that it would not let in. As SIGHUP.',
      answer: json(reloaded, 'What has changed, and what needs a restart.'),
      errors: ['invalid-config', 'not-found', 'stopping'],
    },
  },
  '/events': {
    GET: {
      summary:
        'What happens in the server: snapshot (clients), ready, then joined, left, renewed, broadcast, gap, refused, revoked, redacted, reloaded, reload-refused, failed; stats every second.',
      answer: { status: 200, type: EVENT_STREAM, description: 'A stream that has no end.' },
    },
  },
  '/filter/check': {
    POST: {
      summary: 'Whom a filter has among those who are connected; nothing is published.',
      body: CHECK_FILTER.schema,
      answer: json(check, 'How many, of how many, and the first 20.'),
      errors: ['invalid-filter', 'unsupported-media-type', 'too-large', 'overloaded'],
    },
  },
  '/history': {
    GET: {
      summary: 'Events of the past; with Accept: application/x-ndjson one a line, all of them.',
      query: {
        ...SELECTION,
        limit: '1 to 10000; 100.',
        cursor: 'The next of an earlier answer, or any id.',
        last: 'In place of limit and cursor: only the newest so many are looked at.',
        clip: 'Cuts data that is longer than so many characters; size says how long it is.',
        format: 'json or ndjson.',
      },
      answer: json(z.strictObject({ events: z.array(entry), next: text.nullable() }), 'A page; next is null on the last.'),
      errors: ['invalid-filter'],
    },
    DELETE: {
      summary: 'Takes events out of the past: they are replayed to nobody any more.',
      query: { ...SELECTION, all: 'true, in place of a selection.' },
      answer: json(z.strictObject({ deleted: count }), 'How many they were.'),
      errors: ['invalid-filter', 'store-failed', 'too-large', 'overloaded'],
    },
  },
  '/history/{id}': {
    GET: { summary: 'One event of the past.', answer: json(entry, 'It.'), errors: ['not-found'] },
  },
  '/log-level': {
    PATCH: {
      summary: 'What is logged from now on.',
      body: LOG_LEVEL.schema,
      answer: json(LOG_LEVEL.schema, 'The level as it is now.'),
      errors: ['not-found', 'unsupported-media-type', 'too-large', 'overloaded'],
    },
  },
  '/openapi.json': {
    GET: { summary: 'This document.', answer: json(z.record(text, z.unknown()), 'OpenAPI 3.1.') },
  },
  '/revoke': {
    POST: {
      summary: 'Takes credentials back: their streams end, and they open no other.',
      body: REVOKE.schema,
      answer: json(z.strictObject({ revoked: count, ended: count }), 'How many credentials, and streams.'),
      errors: ['invalid-filter', 'at-capacity', 'overloaded', 'store-failed', 'unsupported-media-type', 'too-large'],
    },
  },
  '/session': {
    GET: {
      summary: 'Whether admin has a token that a browser can sign in with.',
      answer: json(z.strictObject({ hasToken: z.boolean() }), 'Whoever can ask this is signed in, if so.'),
    },
    POST: {
      summary: 'Trades the token for a cookie that stands for it under /admin: for browsers.',
      answer: json(z.strictObject({ expiresIn: count.describe('In seconds.') }), 'The cookie is set.'),
      errors: ['not-found'],
    },
    DELETE: {
      summary: 'Ends what the cookie stands for.',
      answer: json(z.strictObject({ ended: count }), 'It is over.'),
      errors: ['not-found'],
    },
  },
  '/stats': { GET: { summary: 'How things stand, and counters since the start.', answer: json(stats, 'Both.') } },
};
