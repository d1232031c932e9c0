import { once } from 'node:events';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { SseError } from '../errors.ts';
import { detailIn, networkReason } from './refusal.ts';

/** What came of asking for an event stream. */
export type Opened =
  | { readonly kind: 'open'; readonly body: IncomingMessage }
  /** There is no more, ever: 204 (WHATWG HTML 9.2.4). */
  | { readonly kind: 'over' }
  /** Another time perhaps. `after`: how long the server says to wait, in ms. */
  | { readonly kind: 'later'; readonly why: string; readonly answered: boolean; readonly after?: number | undefined };

export interface StreamRequest {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
}

/** Statuses below 500 of which the next attempt may know nothing. */
const PASSING: ReadonlySet<number> = new Set([408, 425, 429]);

/** A peer that went without a word is found out by the kernel after that many ms. */
const KEEP_ALIVE = 30_000;

/** Asks for an event stream. @throws SseError `request-failed` for an answer that will stay the same */
export async function openStream({ url, headers, signal }: StreamRequest): Promise<Opened> {
  const make = url.startsWith('https:') ? httpsRequest : httpRequest;
  const asked = { ...asBytes(headers), accept: 'text/event-stream', 'cache-control': 'no-store' };
  const request = make(url, { headers: asked, agent: false, signal });
  request.setSocketKeepAlive(true, KEEP_ALIVE);
  request.end();
  let response: IncomingMessage;
  try {
    [response] = (await once(request, 'response')) as [IncomingMessage];
  } catch (error) {
    return { kind: 'later', why: `does not answer: ${networkReason(error)}`, answered: false };
  }
  // What becomes of the connection is told by its body.
  request.on('error', () => {});
  return judge(response, new URL(url).origin);
}

async function judge(response: IncomingMessage, server: string): Promise<Opened> {
  const { statusCode = 0, headers } = response;
  if (statusCode === 204) {
    response.destroy();
    return { kind: 'over' };
  }
  if (statusCode === 200) {
    const type = headers['content-type'] ?? 'no content type';
    if (/^text\/event-stream\s*(;|$)/i.test(type)) return { kind: 'open', body: response };
    response.destroy();
    throw new SseError('request-failed', `${server} answers with no event stream, but ${type}; is it the URL of the stream?`);
  }
  const detail = await detailIn(response);
  response.destroy();
  if (statusCode >= 500 || PASSING.has(statusCode))
    return { kind: 'later', why: `answers ${statusCode}: ${detail}`, answered: true, after: secondsIn(headers['retry-after']) };
  const { location } = headers;
  const said = location === undefined ? detail : `the stream is at ${location}`;
  throw new SseError('request-failed', `${server} answers ${statusCode}: ${said}`);
}

/** RFC 9110 §10.2.3, as a number of seconds; servers of event streams write no dates there. */
function secondsIn(retryAfter: string | undefined): number | undefined {
  return retryAfter !== undefined && /^\d{1,6}$/.test(retryAfter) ? Number(retryAfter) * 1000 : undefined;
}

/** Node writes headers as Latin-1; what they hold is UTF-8. */
function asBytes(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, Buffer.from(value, 'utf8').toString('latin1')]),
  );
}
