import { createHash } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { SseError } from '../errors.ts';
import type { Observe } from '../hub/activity.ts';
import { type Authority, answeredGrant, type RequestView } from '../identity/authority.ts';
import type { Grant } from '../identity/grant.ts';
import { FairTurns } from './fair-turns.ts';
import { networkOf } from './network.ts';

export interface AskOptions {
  /** Of the application: `http` or `https`. */
  readonly url: string;
  /** Wall clock, ms since 1970. */
  readonly now: () => number;
  readonly observe: Observe;
  /** How long it may take, in ms. */
  readonly timeout?: number;
}

/** How long the application may take, in ms. */
const TIMEOUT = 5000;
/** An answer has at most so many bytes. */
const MAX_ANSWER = 64 * 1024;
/** An answer counts this long for requests that are the same to the letter, in ms: a page that opens several streams asks once. */
const FRESH = 5000;
const MOST_FRESH = 10_000;
/** So many are asked at a time: when all clients come back at once, the application is not to fall over for it. */
const AT_ONCE = 64;
/** So many more may wait. */
const QUEUE = 1000;
/** An outage is told at most this often, in ms. */
const TELL = 60_000;

/** What belongs to a connection (RFC 9110 §7.6.1), or to the body and the answer that are not passed on. */
const NOT_PASSED_ON = new Set(
  'connection keep-alive proxy-connection proxy-authenticate proxy-authorization te trailer transfer-encoding upgrade expect host content-length accept-encoding accept last-event-id if-none-match if-modified-since range'.split(
    ' ',
  ),
);

/** What a proxy says, and the application would believe: here it would come from the client. `_` is `-` to some of them. */
const MADE_UP = /_|^(forwarded|x-forwarded-|x-real-ip|x-original-|x-rewrite-|remote-)/;

/** What was answered, or will be. */
interface Answer {
  readonly answer: Promise<Grant>;
  freshUntil: number;
  /** Those who wait for it, until it is there. */
  waiting: RequestView[] | undefined;
}

/** Who the application says a client is: it answers 2xx with an identity, or 401 or 403, which are passed on. */
export function askApplication({ url, now, observe, timeout = TIMEOUT }: AskOptions): Authority {
  /** Answers, and questions under way; in the order in which they were asked. */
  const known = new Map<string, Answer>();
  const turns = new FairTurns({ atOnce: AT_ONCE, queue: QUEUE });
  let told = -Infinity;

  const ask = async (request: RequestView): Promise<Grant> => {
    // The time that waiting takes is part of the time that there is.
    const until = performance.now() + timeout;
    // Whoever asks for very many is not to keep the others from being asked about.
    if (!(await turns.take(networkOf(request.ip))))
      throw new SseError('unverifiable', 'too many clients are asked about at once; try again later');
    try {
      if (request.isGone?.()) throw new SseError('unverifiable', 'the client is gone');
      return await question(url, request, Math.max(1, Math.ceil(until - performance.now())), now);
    } catch (error) {
      if (error instanceof SseError) throw error;
      // Told now and then, not for every client that it keeps waiting.
      if (performance.now() - told >= TELL) {
        told = performance.now();
        const what = `the application at --auth-url gives no answer that can be used: ${reasonOf(error, timeout)}`;
        observe({ kind: 'failed', what, error: undefined });
      }
      throw new SseError('unverifiable', 'who you are cannot be found out at the moment; try again later');
    } finally {
      turns.end();
    }
  };

  return (request) => {
    const key = keyOf(request);
    const found = known.get(key);
    if (found && now() < found.freshUntil) {
      found.waiting?.push(request);
      return found.answer;
    }
    // One of them may go, and be back already.
    const waiting = [request];
    const answer = ask({ ...request, isGone: () => waiting.every(({ isGone }) => isGone?.() === true) });
    const entry: Answer = { answer, waiting, freshUntil: Infinity };
    known.delete(key);
    known.set(key, entry);
    answer.then(
      () => {
        entry.freshUntil = now() + FRESH;
        entry.waiting = undefined;
      },
      // A refusal is not kept: whoever logs in has not to wait for it to be forgotten.
      () => known.get(key) === entry && known.delete(key),
    );
    for (const [old, { freshUntil }] of known) {
      if (known.size <= MOST_FRESH && freshUntil > now()) break;
      known.delete(old);
    }
    return answer;
  };
}

async function question(url: string, { headers, query, ip }: RequestView, timeout: number, now: () => number): Promise<Grant> {
  const target = new URL(url);
  for (const [name, value] of query) target.searchParams.append(name, value);
  const response = await fetch(target, {
    headers: { ...passedOn(headers), accept: 'application/json', 'x-forwarded-for': ip },
    redirect: 'manual',
    signal: AbortSignal.timeout(timeout),
  });
  if (response.status === 401 || response.status === 403) {
    await response.body?.cancel();
    throw response.status === 401
      ? new SseError(
          headers.authorization === undefined ? 'unauthenticated' : 'invalid-credential',
          'the application does not know who you are',
        )
      : new SseError('forbidden', 'the application does not let you in');
  }
  // It is too long, or no request at all, to the application: that is the client's doing.
  if ([400, 413, 414, 431].includes(response.status)) {
    await response.body?.cancel();
    throw new SseError('invalid-request', `the application cannot read this request (${response.status})`);
  }
  if (!response.ok) throw new Error(`it answers ${response.status}`);
  return answeredGrant(JSON.parse(await textOf(response)), now());
}

async function textOf(response: Response): Promise<string> {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const part of response.body ?? []) {
    size += part.length;
    if (size > MAX_ANSWER) throw new Error(`its answer has more than ${MAX_ANSWER} bytes`);
    parts.push(part);
  }
  return Buffer.concat(parts).toString('utf8');
}

function passedOn(headers: IncomingHttpHeaders): Record<string, string> {
  const passed: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers))
    if (value !== undefined && !NOT_PASSED_ON.has(name) && !MADE_UP.test(name))
      passed[name] = Array.isArray(value) ? value.join(', ') : value;
  return passed;
}

/** What an answer depends on, without holding on to the credentials in it. */
function keyOf({ headers, query, ip }: RequestView): string {
  return createHash('sha256')
    .update(JSON.stringify([passedOn(headers), query.toString(), ip]))
    .digest('base64url');
}

/** Nothing of the answer: it may hold what is nobody else's business. */
function reasonOf(error: unknown, timeout: number): string {
  const { name, message, cause } = error as Error & { cause?: { code?: string } };
  if (name === 'TimeoutError') return `it took longer than ${timeout} ms`;
  if (error instanceof SyntaxError) return 'its answer is not JSON';
  return cause?.code ?? message;
}
