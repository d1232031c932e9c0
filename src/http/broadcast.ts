import { SseError } from '../errors.ts';
import { parseDraft } from '../event/draft.ts';
import type { EventDraft } from '../event/event.ts';
import type { Sizes } from '../event/sizes.ts';
import type { Appended } from '../hub/event-log.ts';
import type { Hub } from '../hub/hub.ts';
import { idempotencyKeyProblem } from '../hub/receipts.ts';
import { parseDuration } from '../units.ts';
import { type AudienceCheck, checkAudience } from './audience-check.ts';
import { parseBatch } from './batch.ts';
import type { Hold } from './bodies.ts';
import { decodeUtf8 } from './body.ts';
import { addBody, addHeaders, addQuery, contentType, type Fields, refuse, refuseMisspelt } from './draft-fields.ts';
import type { Exchange, Handler } from './exchange.ts';
import type { Limits } from './limits.ts';
import { networkOf } from './network.ts';
import { sendJson, sendLines } from './respond.ts';

export interface BroadcastOptions {
  readonly hub: Hub;
  readonly limits: Limits;
  /** Whether publishers show admin's token, or have a session for which somebody has shown it: one credential, whoever has it. */
  readonly hasToken: () => boolean;
  /** A clock that only goes forward, in ms. */
  readonly elapsed: () => number;
  /** In bytes. */
  readonly bodyLimit: number;
  readonly sizes: Sizes;
  /** What a request without a body sends, as S does. */
  readonly defaults: { readonly event: string; readonly data: string };
}

/** How long a publisher may wait for its clients, in ms. */
const MAX_WAIT = 60_000;
/**
 * `POST` and `PUT /admin/broadcast`: an event in any of the forms of design §6, or a batch of them. Settles after they are
 * in the log: all or none. With `?dryRun` it says whom they would reach, and publishes nothing.
 */
export function broadcast(options: BroadcastOptions): Handler {
  const { hub, bodyLimit } = options;
  return async (exchange) => {
    refuseMisspelt(exchange);
    const key = idempotencyKey(exchange);
    const { res, bodies } = exchange;
    const outcome = await bodies.with(exchange, bodyLimit, (body, hold) => carryOut(exchange, { body, hold, key }, options));
    const { isBatch, wait, checks, answers = [] } = outcome;
    const send = (status: number, lines: readonly unknown[]) =>
      isBatch ? sendLines(res, status, lines) : sendJson(res, status, lines[0]);
    if (checks) return send(200, checks);
    const lines = [];
    // In order, and in one time for all of them: who has the last has those before it.
    const until = performance.now() + wait;
    for (const { id, matched } of answers) {
      const sequence = wait > 0 ? hub.archive.sequenceOf(id) : undefined;
      const left = Math.max(0, until - performance.now());
      const delivery = sequence === undefined ? undefined : await hub.deliveries.of(sequence, left);
      lines.push({ id, matched, ...delivery, durability: hub.durability });
    }
    send(202, lines);
  };
}

/** What came of an order: answers of the log, or of a trial whom each event would reach. */
interface Outcome {
  readonly isBatch: boolean;
  /** How long its sender waits for the clients, in ms. */
  readonly wait: number;
  readonly answers?: readonly Appended[];
  readonly checks?: readonly AudienceCheck[];
}

interface Order {
  readonly body: Buffer;
  readonly hold: Hold;
  readonly key: string | undefined;
}

/** All for which the body is needed. */
async function carryOut(exchange: Exchange, order: Order, options: BroadcastOptions): Promise<Outcome> {
  const { hub } = options;
  const type = contentType(exchange);
  const isBatch = type === 'application/x-ndjson';
  const isTrial = takeDryRun(exchange);
  const wait = takeWait(exchange);
  const drafts = isBatch ? await batchOf(exchange, order, options) : [draftOf(exchange, type, order, options)];
  if (!isTrial) {
    checkPublishRate(exchange, drafts.length, options);
    return { isBatch, wait, answers: await hub.publish(drafts, 'http', order.key, exchange.requestId) };
  }
  const checks = [];
  for (const { audience } of drafts) checks.push(await checkAudience(hub, audience));
  return { isBatch, wait, checks };
}

/**
 * Every event of a batch counts; a batch of more than a second's worth is let in when nothing was published for a second, and
 * pays for all of it. Without a token there is no credential, and whoever shares an address shares the rate.
 * @throws SseError `publish-rate`
 */
function checkPublishRate({ ip, headers }: Exchange, events: number, { limits, hasToken, elapsed }: BroadcastOptions): void {
  const { publishRate } = limits.values;
  const wait = limits.published.take(hasToken() ? 'token' : networkOf(ip), events, publishRate, elapsed());
  if (wait === 0) return;
  headers['retry-after'] = String(Math.ceil(wait / 1000));
  throw new SseError('publish-rate', `more than ${publishRate} events a second; nothing was published; see --publish-rate`);
}

/** `?dryRun`: everything is looked at, and nothing published. */
function takeDryRun({ query }: Exchange): boolean {
  const value = takeOnce(query, 'dryRun');
  if (value === null || value === 'false') return false;
  // A trial must not become a broadcast by a slip of the pen.
  if (value !== '' && value !== 'true') throw refuse('?dryRun', 'is true, false or left empty, which is true');
  return true;
}

/** Takes a parameter that may stand there once. */
function takeOnce(query: URLSearchParams, name: string): string | null {
  const [value = null, ...more] = query.getAll(name);
  if (more.length > 0) throw refuse(`?${name}`, 'is given twice');
  query.delete(name);
  return value;
}

/** `?wait=2s`: the answer comes when everyone has it, or when the time is over, and says who has. In ms. */
function takeWait({ query, res }: Exchange): number {
  const value = takeOnce(query, 'wait');
  if (value === null) return 0;
  const wait = parseDuration(value);
  if (wait === undefined || wait > MAX_WAIT) throw refuse('?wait', 'must be a duration of at most 60s, such as 2s');
  res.setTimeout(0);
  return wait;
}

function batchOf(exchange: Exchange, { body, hold }: Order, { sizes }: BroadcastOptions): Promise<EventDraft[]> {
  const fields: Fields = new Map();
  addQuery(fields, exchange);
  addHeaders(fields, exchange);
  for (const { name } of fields.values()) throw refuse(name, 'belongs in the lines of a batch');
  return parseBatch(decodeUtf8(body, 'the body'), sizes, hold);
}

function draftOf(exchange: Exchange, type: string, { body }: Order, { defaults, sizes }: BroadcastOptions): EventDraft {
  const fields: Fields = new Map();
  addBody(fields, type, body);
  addQuery(fields, exchange);
  addHeaders(fields, exchange);
  // An empty body is the default event; a field that was given beside it is kept.
  if (body.length === 0 && !fields.has('data')) {
    fields.set('data', { value: defaults.data, name: 'data' });
    if (!fields.has('event')) fields.set('event', { value: defaults.event, name: 'event' });
  }
  // Without a prototype, `__proto__` is a name like any other.
  const input: Record<string, unknown> = Object.create(null);
  for (const [field, { value }] of fields) input[field] = value;
  return parseDraft(input, (field) => fields.get(field)?.name ?? `/${field}`, sizes);
}

/** What IETF draft-ietf-httpapi-idempotency-key-header asks for, as the text that it is. */
function idempotencyKey({ req }: Exchange): string | undefined {
  // Most have none, and all that a request has would be put together anew.
  if (req.headers['idempotency-key'] === undefined) return undefined;
  const [key, ...more] = req.headersDistinct['idempotency-key'] ?? [];
  const problem = more.length > 0 ? 'is given twice' : key === undefined ? undefined : idempotencyKeyProblem(key);
  if (problem !== undefined) throw refuse('Idempotency-Key', problem);
  return key;
}
