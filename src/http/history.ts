import { SseError } from '../errors.ts';
import type { Sizes } from '../event/sizes.ts';
import type { Observe } from '../hub/activity.ts';
import type { Archive, Selection } from '../hub/archive.ts';
import type { LogEntry } from '../hub/event-log.ts';
import { didYouMean } from '../nearest.ts';
import { type Exchange, type Handler, header } from './exchange.ts';
import { historyLine, historyView } from './history-line.ts';
import { numberIn, parametersOf } from './parameters.ts';
import { sendJson, sendStream } from './respond.ts';
import { parseSelection } from './selection.ts';

export interface HistoryOptions {
  readonly archive: Archive;
  /** Wall clock, ms since 1970. */
  readonly now: () => number;
  readonly observe: Observe;
  readonly sizes: Sizes;
}

const SELECTION = ['since', 'until', 'filter'] as const;
/** How many events one answer of JSON has. NDJSON has all unless it is told otherwise: it can be read while it comes. */
const DEFAULT_LIMIT = 100;
const MAX_LIMIT = 10_000;
const MAX_CLIP = 1_000_000;

/** How much of the past an answer has: so many events, and of each so much data. */
interface Bounds {
  readonly limit: number;
  readonly clip: number | undefined;
}

/** `GET /admin/history`: a selection of the past, sent while it is read, a page of it in memory. */
export function listHistory({ archive, now, sizes }: HistoryOptions): Handler {
  return async (exchange) => {
    const fields = parametersOf(exchange, [...SELECTION, 'limit', 'cursor', 'last', 'clip', 'format']);
    const selection = selectionOf(fields, now(), sizes);
    const limit = limitOf(fields) ?? numberIn(fields, 'last', { min: 1, max: MAX_LIMIT });
    const clip = numberIn(fields, 'clip', { min: 0, max: MAX_CLIP });
    const entries = archive.select(selection, beginning(fields, archive));
    if (formatOf(exchange, fields.get('format')) === 'ndjson')
      return sendStream(exchange.res, 'application/x-ndjson', asLines(entries, { limit: limit ?? Infinity, clip }));
    await sendStream(
      exchange.res,
      'application/json; charset=utf-8',
      asDocument(entries, { limit: limit ?? DEFAULT_LIMIT, clip }),
    );
  };
}

/** `GET /admin/history/{id}`: one event of the past, whole. */
export function showEvent({ archive }: HistoryOptions): Handler {
  return async ({ parameters: { id = '' }, res }) => {
    const sequence = archive.sequenceOf(id);
    const entry = sequence === undefined ? undefined : await archive.at(sequence);
    if (!entry) throw new SseError('not-found', `there is no event ${JSON.stringify(id)}, or it is no longer kept`);
    sendJson(res, 200, historyView(entry));
  };
}

/** `DELETE /admin/history`: takes a selection out of the past. Answers when it is gone from wherever it was kept. */
export function redactHistory({ archive, now, observe, sizes }: HistoryOptions): Handler {
  return async (exchange) => {
    const fields = parametersOf(exchange, [...SELECTION, 'all']);
    const selection = selectionOf(fields, now(), sizes);
    const all = fields.get('all');
    if (all !== undefined && all !== 'true') throw refuse('?all', 'is true or left out');
    const selects = Object.keys(selection).length > 0;
    if (!selects && all === undefined)
      throw refuse('', 'this would delete everything: say which with since, until or filter, or all=true');
    if (selects && all !== undefined) throw refuse('?all', 'cannot stand beside a selection: it is either all or some');
    // The server takes the time, not the client.
    exchange.res.setTimeout(0);
    const deleted = await archive.redact(selection);
    observe({ kind: 'redacted', events: deleted, requestId: exchange.requestId });
    sendJson(exchange.res, 200, { deleted });
  };
}

function refuse(pointer: string, detail: string): SseError {
  return SseError.of('invalid-request', [{ pointer, detail }]);
}

function selectionOf(fields: ReadonlyMap<string, string>, now: number, sizes: Sizes): Selection {
  const [since, until, filter] = SELECTION.map((field) => fields.get(field));
  return parseSelection({ since, until, filter }, now, (field) => `?${field}`, sizes);
}

/** The sequence from which on a request looks. */
function beginning(fields: ReadonlyMap<string, string>, archive: Archive): number {
  const cursor = fields.get('cursor');
  const last = numberIn(fields, 'last', { min: 1, max: MAX_LIMIT });
  if (last !== undefined) {
    if (cursor !== undefined || fields.has('limit')) throw refuse('?last', 'stands in place of limit and cursor');
    return archive.fromEnd(last);
  }
  const after = cursor === undefined ? 0 : archive.sequenceOf(cursor);
  if (after === undefined)
    throw refuse('?cursor', 'is no id of this log; give the next of an earlier answer, or the last id in it');
  return after + 1;
}

function limitOf(fields: ReadonlyMap<string, string>): number | undefined {
  return numberIn(fields, 'limit', { min: 1, max: MAX_LIMIT });
}

function formatOf({ req }: Exchange, format: string | undefined): 'json' | 'ndjson' {
  if (format === undefined) return header(req, 'accept')?.toLowerCase().includes('application/x-ndjson') ? 'ndjson' : 'json';
  if (format !== 'json' && format !== 'ndjson')
    throw refuse('?format', `is json or ndjson${didYouMean(format, ['json', 'ndjson'])}`);
  return format;
}

async function* asLines(entries: AsyncGenerator<LogEntry, void>, { limit, clip }: Bounds): AsyncGenerator<string, void> {
  let count = 0;
  for await (const entry of entries) {
    yield `${historyLine(entry, clip)}\n`;
    if (++count === limit) return;
  }
}

/** The answer as one JSON document. `next` is the id after which there is more; null if there is not. */
async function* asDocument(entries: AsyncGenerator<LogEntry, void>, { limit, clip }: Bounds): AsyncGenerator<string, void> {
  let count = 0;
  let last: string | null = null;
  let next: string | null = null;
  yield '{"events":[';
  for await (const entry of entries) {
    if (count === limit) {
      next = last;
      break;
    }
    yield (count++ > 0 ? ',' : '') + historyLine(entry, clip);
    last = entry.id;
  }
  yield `],"next":${JSON.stringify(next)}}\n`;
}
