import { readFileSync } from 'node:fs';
import type { Writable } from 'node:stream';
import { formatDuration } from '../units.ts';
import { EventFeed, type FeedParts } from './event-feed.ts';
import { wrong } from './flag-values.ts';
import { report } from './report.ts';
import type { TailOrder } from './tail-order.ts';
import { takeFor } from './tail-output.ts';

/** What `tail` needs of the process. Events go to stdout, words for people to stderr. */
export interface TailWorld extends Pick<FeedParts, 'sleep' | 'random'> {
  readonly stdout: Writable & { readonly isTTY?: boolean };
  readonly stderr: Pick<Writable, 'write'>;
  readonly env: NodeJS.ProcessEnv;
  /** Aborted with the exit code. */
  readonly interrupted: AbortSignal;
}

/** Nothing came in the time of `--timeout`. */
const TIMED_OUT = 4;

/** Follows a stream. @returns the exit code @throws SseError `request-failed`, `invalid-config` */
export async function tail(order: TailOrder, { stdout, stderr, env, interrupted, sleep, random }: TailWorld): Promise<number> {
  const { url, types, count, timeout } = order;
  const tell = (detail: string) => report([{ pointer: '', detail }], (text) => void stderr.write(text));
  const gone = new AbortController();
  stdout.once('error', () => gone.abort()).once('close', () => gone.abort());
  const patience = new Patience(timeout);
  const feed = new EventFeed({
    url,
    headers: () => headersOf(order),
    lastEventId: order.lastEventId,
    signal: AbortSignal.any([interrupted, gone.signal, patience.signal]),
    tell,
    ...(sleep && { sleep }),
    ...(random && { random }),
  });
  const take = takeFor(order, { stdout, env, tell });
  let taken = 0;
  // What could not be written has not been taken.
  let position = order.lastEventId;
  patience.start();
  try {
    for await (const event of feed.events()) {
      const isAsked = types.length === 0 || types.includes(event.type);
      if (isAsked) {
        // Time that a reader or a command takes is no time in which nothing came.
        patience.stop();
        await take(event);
        if (++taken === count) return 0;
        patience.start();
      }
      position = event.id;
    }
  } catch (error) {
    tellPosition(position, tell);
    throw error;
  } finally {
    patience.stop();
  }
  if (interrupted.aborted) {
    tellPosition(feed.position, tell);
    return Number(interrupted.reason);
  }
  if (!patience.signal.aborted) return 0;
  tell(`nothing came for ${formatDuration(timeout ?? 0)}`);
  tellPosition(feed.position, tell);
  return TIMED_OUT;
}

function tellPosition(position: string, tell: (sentence: string) => void): void {
  if (position !== '') tell(`--last-event-id ${position} goes on from here`);
}

/** @throws SseError `invalid-config` */
function headersOf({ headers, tokenFile }: TailOrder): Readonly<Record<string, string>> {
  if (tokenFile === undefined) return headers;
  let token: string;
  try {
    token = readFileSync(tokenFile, 'utf8').trim();
  } catch (error) {
    throw wrong('--token-file', `cannot be read: ${(error as Error).message}`);
  }
  if (!/^[\x21-\x7e]+$/.test(token)) throw wrong('--token-file', `${tokenFile} must hold one token and nothing else`);
  return { ...headers, authorization: `Bearer ${token}` };
}

/** How long nothing may come. */
class Patience {
  readonly #controller = new AbortController();
  readonly #time: number | undefined;
  #timer: NodeJS.Timeout | undefined;

  /** @param time in ms; undefined is without end */
  constructor(time: number | undefined) {
    this.#time = time;
  }

  /** Aborted when it is over. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  start(): void {
    if (this.#time !== undefined) this.#timer = setTimeout(() => this.#controller.abort(), this.#time);
  }

  stop(): void {
    clearTimeout(this.#timer);
  }
}
