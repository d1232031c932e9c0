import { SseError } from '../errors.ts';
import { DRAFT_FIELDS, parseDraft } from '../event/draft.ts';
import type { EventDraft } from '../event/event.ts';
import type { Hub } from '../hub/hub.ts';
import { idempotencyKeyProblem } from '../hub/receipts.ts';
import { didYouMean, nearest } from '../nearest.ts';
import { parseDuration } from '../units.ts';
import { checkAudience } from './audience-check.ts';
import { parseBatch } from './batch.ts';
import { checkEscapes, decodeUtf8, readBody } from './body.ts';
import type { Exchange, Handler } from './exchange.ts';
import { sendJson, sendLines } from './respond.ts';

export interface BroadcastOptions {
  readonly hub: Hub;
  /** In bytes. */
  readonly bodyLimit: number;
  /** What a request without a body sends, as S does. */
  readonly defaults: { readonly event: string; readonly data: string };
}

/** How long a publisher may wait for its clients, in ms. */
const MAX_WAIT = 60_000;
/** Parameters beside those of an event. */
const PARAMETERS = [...DRAFT_FIELDS, 'dryRun', 'wait'] as const;

type Field = (typeof DRAFT_FIELDS)[number];
/** A field's value and how its publisher wrote its name, for error messages. */
type Given = { readonly value: unknown; readonly name: string };
type Fields = Map<string, Given>;

/**
 * `POST` and `PUT /admin/broadcast`: an event in any of the forms of design §6, or a batch of them. Settles after they are
 * in the log: all or none. With `?dryRun` it says whom they would reach, and publishes nothing.
 */
export function broadcast({ hub, bodyLimit, defaults }: BroadcastOptions): Handler {
  return async (exchange) => {
    refuseMisspelt(exchange);
    const key = idempotencyKey(exchange);
    const body = await readBody(exchange.req, bodyLimit);
    const isBatch = contentType(exchange) === 'application/x-ndjson';
    const isTrial = takeDryRun(exchange);
    const wait = takeWait(exchange);
    const drafts = isBatch ? await batchOf(exchange, body) : [draftOf(exchange, body, defaults)];
    if (isTrial) {
      const checks = [];
      for (const { audience } of drafts) checks.push(await checkAudience(hub, audience));
      return isBatch ? sendLines(exchange.res, 200, checks) : sendJson(exchange.res, 200, checks[0]);
    }
    const answers = await hub.publish(drafts, 'http', key);
    const lines = [];
    // In order, and in one time for all of them: who has the last has those before it.
    const until = performance.now() + wait;
    for (const answer of answers) {
      const sequence = wait > 0 ? hub.archive.sequenceOf(answer.id) : undefined;
      const left = Math.max(0, until - performance.now());
      const delivery = sequence === undefined ? undefined : await hub.deliveries.of(sequence, left);
      lines.push({ ...answer, ...delivery, durability: hub.durability });
    }
    if (isBatch) sendLines(exchange.res, 202, lines);
    else sendJson(exchange.res, 202, lines[0]);
  };
}

/** `?dryRun`: everything is looked at, and nothing published. */
function takeDryRun({ query }: Exchange): boolean {
  const value = query.get('dryRun');
  query.delete('dryRun');
  if (value === null || value === 'false') return false;
  // A trial must not become a broadcast by a slip of the pen.
  if (value !== '' && value !== 'true') throw refuse('?dryRun', 'is true, false or left empty, which is true');
  return true;
}

/** `?wait=2s`: the answer comes when everyone has it, or when the time is over, and says who has. In ms. */
function takeWait({ query, res }: Exchange): number {
  const value = query.get('wait');
  query.delete('wait');
  if (value === null) return 0;
  const wait = parseDuration(value);
  if (wait === undefined || wait > MAX_WAIT) throw refuse('?wait', 'must be a duration of at most 60s, such as 2s');
  res.setTimeout(0);
  return wait;
}

function batchOf(exchange: Exchange, body: Buffer): Promise<EventDraft[]> {
  const fields: Fields = new Map();
  addQuery(fields, exchange);
  addHeaders(fields, exchange);
  for (const { name } of fields.values()) throw refuse(name, 'belongs in the lines of a batch');
  return parseBatch(decodeUtf8(body, 'the body'));
}

function draftOf(exchange: Exchange, body: Buffer, defaults: BroadcastOptions['defaults']): EventDraft {
  const fields: Fields = new Map();
  addBody(fields, exchange, body);
  addQuery(fields, exchange);
  addHeaders(fields, exchange);
  // An empty body is the default event; a field that was given beside it is kept.
  if (body.length === 0 && !fields.has('data')) {
    fields.set('data', { value: defaults.data, name: 'data' });
    if (!fields.has('event')) fields.set('event', { value: defaults.event, name: 'event' });
  }
  const input = Object.fromEntries([...fields].map(([field, { value }]) => [field, value]));
  return parseDraft(input, (field) => fields.get(field)?.name ?? `/${field}`);
}

/** What IETF draft-ietf-httpapi-idempotency-key-header asks for, as the text that it is. */
function idempotencyKey({ req }: Exchange): string | undefined {
  const [key, ...more] = req.headersDistinct['idempotency-key'] ?? [];
  const problem = more.length > 0 ? 'is given twice' : key === undefined ? undefined : idempotencyKeyProblem(key);
  if (problem !== undefined) throw refuse('Idempotency-Key', problem);
  return key;
}

function add(fields: Fields, field: string, value: unknown, name: string): void {
  const before = fields.get(field);
  if (before) throw refuse(name, `is given twice: also as ${before.name}`);
  fields.set(field, { value, name });
}

function refuse(pointer: string, detail: string): SseError {
  return SseError.of('invalid-request', [{ pointer, detail }]);
}

/** RFC 9110 §8.3: media type and charset. */
function contentType({ req }: Exchange): string {
  const [type = '', ...parameters] = (req.headers['content-type'] ?? '').split(';').map((part) => part.trim().toLowerCase());
  const charset = parameters
    .find((parameter) => parameter.startsWith('charset='))
    ?.slice('charset='.length)
    .replaceAll('"', '');
  if (charset !== undefined && charset !== 'utf-8' && charset !== 'utf8' && charset !== 'us-ascii')
    throw new SseError('unsupported-media-type', `the body must be UTF-8, not ${JSON.stringify(charset)}`);
  const encoding = req.headers['content-encoding'];
  if (encoding !== undefined && encoding !== 'identity')
    throw new SseError('unsupported-media-type', 'the body must not be compressed');
  if (type.startsWith('multipart/'))
    throw new SseError(
      'unsupported-media-type',
      'multipart is not read; send the data itself (curl -d), a form with a data field, or JSON',
    );
  return type;
}

function addBody(fields: Fields, exchange: Exchange, body: Buffer): void {
  const type = contentType(exchange);
  if (body.length === 0) return;
  const text = decodeUtf8(body, 'the body');
  if (type === 'application/json' || (type.startsWith('application/') && type.endsWith('+json'))) return addJson(fields, text);
  if (type === 'application/x-www-form-urlencoded') {
    // curl's default type: it is a form only if it has what a form must have here.
    const form = new URLSearchParams(text);
    if (form.has('data')) {
      checkEscapes(text, 'the form');
      return addParameters(fields, form, (field) => `form field ${field}`);
    }
    refuseMisread(text, form);
  }
  add(fields, 'data', text, 'the body');
}

/** JSON, or a form without data, that says to whom: as text it would reach everyone, with its audience for them to read. */
function refuseMisread(text: string, form: URLSearchParams): void {
  const names = ['filter', 'topics', 'except'];
  if (/^\s*\{/.test(text) && names.some((name) => text.includes(`"${name}"`)) && isJson(text))
    throw refuse(
      'the body',
      'is JSON, and was sent as a form: say curl --json, or -H "Content-Type: text/plain" if the text is meant',
    );
  const named = names.find((name) => form.has(name));
  if (named !== undefined)
    throw refuse(`form field ${named}`, 'stands in a form without data; say -H "Content-Type: text/plain" if the text is meant');
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function addJson(fields: Fields, text: string): void {
  let value: unknown;
  try {
    value = JSON.parse(text.replace(/^\ufeff/, ''));
  } catch (error) {
    throw refuse('', `the body is not JSON: ${(error as Error).message}`);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw refuse('', 'the JSON body must be an object such as {"data":"hello"}');
  for (const [field, member] of Object.entries(value)) add(fields, field, member, `/${field}`);
}

function addQuery(fields: Fields, { req, query }: Exchange): void {
  checkEscapes(req.url ?? '', 'the query');
  addParameters(fields, query, (field) => `?${field}`);
}

/** Fields that are text: numbers, objects and lists are read out of it. */
function addParameters(fields: Fields, parameters: URLSearchParams, name: (field: string) => string): void {
  for (const field of new Set(parameters.keys())) {
    if (!DRAFT_FIELDS.includes(field as Field)) throw refuse(name(field), `unknown field${didYouMean(field, PARAMETERS)}`);
    const values = parameters.getAll(field);
    const isList = field === 'topics' || field === 'except';
    if (values.length > 1 && !isList) throw refuse(name(field), 'is given twice');
    add(fields, field, isList ? values.flatMap(listOf) : fromText(field, values[0] ?? '', name(field)), name(field));
  }
}

const HEADERS: readonly (readonly [string, Field])[] = [
  ['X-Event', 'event'],
  ['X-Retry', 'retry'],
  ['X-Filter', 'filter'],
  ['X-Topics', 'topics'],
  ['X-Except', 'except'],
  ['X-Id', 'id'],
  ['X-Ttl', 'ttl'],
  ['X-History', 'history'],
  ['X-Supersedes', 'supersedes'],
];

/** An `X-` header that is nearly one of ours: a misspelt filter must not reach everyone. */
function refuseMisspelt({ req }: Exchange): void {
  for (const name of Object.keys(req.headers)) {
    if (!name.startsWith('x-') || HEADERS.some(([known]) => known.toLowerCase() === name)) continue;
    if (name === 'x-data') throw refuse(name, 'unknown header; the data is the body');
    const meant = nearest(
      name,
      HEADERS.map(([known]) => known),
    );
    if (meant) throw refuse(name, `unknown header; did you mean '${meant}'?`);
  }
}

function addHeaders(fields: Fields, { req }: Exchange): void {
  for (const [name, field] of HEADERS) {
    const lines = req.headersDistinct[name.toLowerCase()];
    if (!lines) continue;
    // Node reads headers as Latin-1; what was sent is UTF-8.
    const values = lines.map((line) => decodeUtf8(Buffer.from(line, 'latin1'), name));
    const isList = field === 'topics' || field === 'except';
    if (values.length > 1 && !isList) throw refuse(name, 'is given twice');
    add(fields, field, isList ? values.flatMap(listOf) : fromText(field, values[0] ?? '', name), name);
  }
}

function fromText(field: string, text: string, name: string): unknown {
  if (field === 'retry') return /^\d+$/.test(text) ? Number(text) : text;
  if (field === 'history') return text === 'false' ? false : text === 'true' || text;
  if (field === 'filter' && text.trimStart().startsWith('{')) {
    try {
      return JSON.parse(text);
    } catch (error) {
      throw refuse(name, `is not JSON: ${(error as Error).message}`);
    }
  }
  return text;
}

function listOf(text: string): string[] {
  return text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
}
