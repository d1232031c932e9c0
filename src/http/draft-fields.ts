import { SseError } from '../errors.ts';
import { DRAFT_FIELDS } from '../event/draft.ts';
import { notJson } from '../json.ts';
import { didYouMean, nearest } from '../nearest.ts';
import { checkEscapes, decodeUtf8 } from './body.ts';
import type { Exchange } from './exchange.ts';

/*
 * Where the fields of an event may stand in a request: the body, the query, headers. A field that stands in two places,
 * and a name that is nearly one of ours, are refused: a misspelt audience must not reach everyone.
 */

/** Parameters beside those of an event. */
const PARAMETERS = [...DRAFT_FIELDS, 'dryRun', 'wait'] as const;

type Field = (typeof DRAFT_FIELDS)[number];
/** A field's value and how its publisher wrote its name, for error messages. */
export type Given = { readonly value: unknown; readonly name: string };
/** What a request says of an event, by field. */
export type Fields = Map<string, Given>;

function add(fields: Fields, field: string, value: unknown, name: string): void {
  const before = fields.get(field);
  if (before) throw refuse(name, `is given twice: also as ${before.name}`);
  fields.set(field, { value, name });
}

export function refuse(pointer: string, detail: string): SseError {
  return SseError.of('invalid-request', [{ pointer, detail }]);
}

/** RFC 9110 §8.3: media type and charset. */
export function contentType({ req }: Exchange): string {
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

/** @param type as `contentType` reads it */
export function addBody(fields: Fields, type: string, body: Buffer): void {
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
  } else if (type !== 'text/plain') refuseMisread(text);
  add(fields, 'data', text, 'the body');
}

/** JSON, a batch, or a form without data, that says to whom: as text it would reach everyone, with its audience for them to read. */
function refuseMisread(text: string, form?: URLSearchParams): void {
  const names = ['filter', 'topics', 'except'];
  const [line = ''] = text.trimStart().split('\n', 1);
  if (/^\s*\{/.test(text) && names.some((name) => text.includes(`"${name}"`)) && (isJson(text) || isJson(line)))
    throw refuse(
      'the body',
      `is JSON, and was sent as ${form ? 'a form' : 'something else'}: say curl --json, -H "Content-Type: application/x-ndjson" for a batch, or -H "Content-Type: text/plain" if the text is meant`,
    );
  const named = names.find((name) => form?.has(name));
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
  const json = text.startsWith('\ufeff') ? text.slice(1) : text;
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    throw refuse('', `the body ${notJson(json)}`);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw refuse('', 'the JSON body must be an object such as {"data":"hello"}');
  for (const [field, member] of Object.entries(value)) add(fields, field, member, `/${field}`);
}

export function addQuery(fields: Fields, { req, query }: Exchange): void {
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

/** By their names as Node has them. */
const HEADERS: ReadonlyMap<string, { readonly name: string; readonly field: Field }> = new Map(
  (
    [
      ['X-Event', 'event'],
      ['X-Retry', 'retry'],
      ['X-Filter', 'filter'],
      ['X-Topics', 'topics'],
      ['X-Except', 'except'],
      ['X-Id', 'id'],
      ['X-Ttl', 'ttl'],
      ['X-History', 'history'],
      ['X-Supersedes', 'supersedes'],
    ] as const
  ).map(([name, field]) => [name.toLowerCase(), { name, field }]),
);

/** An `X-` header that is nearly one of ours: a misspelt filter must not reach everyone. */
export function refuseMisspelt({ req }: Exchange): void {
  for (const name of Object.keys(req.headers)) {
    if (!name.startsWith('x-') || HEADERS.has(name)) continue;
    if (name === 'x-data') throw refuse(name, 'unknown header; the data is the body');
    const meant = nearest(
      name,
      [...HEADERS.values()].map(({ name: known }) => known),
    );
    if (meant) throw refuse(name, `unknown header; did you mean '${meant}'?`);
  }
}

export function addHeaders(fields: Fields, { req }: Exchange): void {
  // Those of a request are few, and most are none of these.
  for (const given of Object.keys(req.headers)) {
    const known = HEADERS.get(given);
    if (!known) continue;
    const { name, field } = known;
    const lines = req.headersDistinct[given] ?? [];
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
    } catch {
      throw refuse(name, notJson(text));
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
