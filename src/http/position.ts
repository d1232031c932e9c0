import { SseError } from '../errors.ts';
import type { Position } from '../hub/resume.ts';
import { type Exchange, header } from './exchange.ts';
import { parseSince } from './since.ts';

/** A stream can begin so many events back; whoever wants more of the past asks for a time. */
const MAX_LIMIT = 10_000;

/**
 * Where a stream is asked to begin: `Last-Event-ID`, `?lastEventId=`, `?since=`, `?limit=`, `?replay=only`. The header wins:
 * an EventSource repeats its URL when it comes back, and its header is newer (design §9).
 *
 * @param now ms since 1970; durations count back from it
 * @throws SseError `invalid-request`
 */
export function positionOf({ req, query }: Exchange, now: number): Position {
  const lastEventId = header(req, 'last-event-id') || query.get('lastEventId');
  const replay = query.get('replay');
  if (replay !== null && replay !== 'only')
    throw refuse('?replay', "is 'only', for a response that ends after the past, or left out");
  const end = replay === 'only' && { pastOnly: true };
  // Whatever stands beside an id: a browser that comes back with one would take a refusal for the end.
  if (lastEventId) return { lastEventId, ...end };
  const since = sinceOf(query.get('since'), now);
  const limit = limitOf(query.get('limit'));
  return { ...(since !== undefined && { since }), ...(limit !== undefined && { limit }), ...end };
}

function sinceOf(text: string | null, now: number): number | 'earliest' | undefined {
  if (text === null) return undefined;
  const since = parseSince(text, now);
  if (since !== undefined) return since;
  throw refuse('?since', 'must be a duration such as 10m, a time such as 2026-11-22T10:00:00Z, or earliest');
}

function limitOf(text: string | null): number | undefined {
  if (text === null) return undefined;
  const limit = /^\d{1,6}$/.test(text) ? Number(text) : 0;
  if (limit >= 1 && limit <= MAX_LIMIT) return limit;
  throw refuse('?limit', `must be a whole number from 1 to ${MAX_LIMIT}: how many events back to begin`);
}

function refuse(pointer: string, detail: string): SseError {
  return SseError.of('invalid-request', [{ pointer, detail }]);
}
