import type { IncomingMessage } from 'node:http';
import { setTimeout as wait } from 'node:timers/promises';
import { createParser, type EventSourceMessage } from 'eventsource-parser';
import { SseError } from '../errors.ts';
import { counted } from '../terminal/words.ts';
import { openStream } from './open-stream.ts';

/** An event as a client has it. */
export interface FeedEvent {
  readonly type: string;
  /** The id that stands when it comes; it may be that of an event before. */
  readonly id: string;
  readonly data: string;
}

export interface FeedParts {
  readonly url: string;
  /** Asked anew for each connection, since a token may have been renewed. */
  readonly headers: () => Readonly<Record<string, string>>;
  readonly lastEventId: string;
  /** Ends it. */
  readonly signal: AbortSignal;
  /** Hears what is neither an event nor the end: sentences for people. */
  readonly tell: (sentence: string) => void;
  /** Default: the timer. Rejects or settles when the signal is aborted. */
  readonly sleep?: (ms: number, signal: AbortSignal) => Promise<unknown>;
  /** From 0 up to 1. */
  readonly random?: () => number;
}

/** The reconnection time until a server says another one, in ms. */
const RETRY = 2000;
/** What a server may ask for, in ms: less would hammer it, more no timer waits for. */
const RETRY_BOUNDS = { least: 100, most: 3_600_000 };
/** Attempts that bring nothing wait twice as long as the one before, up to this, or to the reconnection time itself. */
const LONGEST_WAIT = 30_000;
/** An event that is longer is taken for an attack on memory, in characters. */
const LONGEST_EVENT = 64 * 1024 * 1024;

/**
 * The events of a stream over all its connections: it comes back where it was, so that nothing is missed and nothing comes twice.
 * What is not asked for is not read, so that a slow consumer costs the server a position and nobody memory.
 */
export class EventFeed {
  /** The id after which it goes on: what came until then was taken. */
  position: string;
  readonly #parts: FeedParts;
  #retry = RETRY;
  /** Attempts since something came. */
  #failures = 0;
  /** Why the server said it would end the stream. */
  #goodbye: string | undefined;

  constructor(parts: FeedParts) {
    this.#parts = parts;
    this.position = parts.lastEventId;
  }

  /** Ends when the server has no more, or with the signal. @throws SseError `request-failed` for what will not change by trying again */
  async *events(): AsyncGenerator<FeedEvent, void> {
    const { url, headers, signal, tell } = this.#parts;
    const { origin } = new URL(url);
    let met = false;
    while (!signal.aborted) {
      const resume = this.position === '' ? {} : { 'last-event-id': this.position };
      const opened = await openStream({ url, headers: { ...headers(), ...resume }, signal });
      if (signal.aborted) return;
      if (opened.kind === 'over') return tell('the server has no more (204)');
      let why: string;
      if (opened.kind === 'open') {
        this.#goodbye = undefined;
        this.#failures++;
        yield* this.#read(opened.body);
        if (this.#goodbye === 'complete') return;
        why = this.#goodbye === undefined ? 'the stream broke off' : `the server ended the stream (${this.#goodbye})`;
      } else {
        why = `${origin} ${opened.why}`;
        // A mistyped address would be tried for ever.
        if (!met && !opened.answered) throw new SseError('request-failed', why);
        this.#failures++;
      }
      if (signal.aborted) return;
      met = true;
      await this.#pause(why, opened.kind === 'later' ? opened.after : undefined);
    }
  }

  async *#read(body: IncomingMessage): AsyncGenerator<FeedEvent, void> {
    const come: EventSourceMessage[] = [];
    const parser = createParser({
      onEvent: (message) => void come.push(message),
      onRetry: (retry) => {
        this.#retry = Math.min(Math.max(retry, RETRY_BOUNDS.least), RETRY_BOUNDS.most);
      },
      onError: ({ type }) => {
        if (type !== 'max-buffer-size-exceeded') return;
        throw new SseError('request-failed', 'the server sends an event without end');
      },
      maxBufferSize: LONGEST_EVENT,
    });
    const decoder = new TextDecoder();
    try {
      for await (const chunk of body as AsyncIterable<Uint8Array>) {
        parser.feed(decoder.decode(chunk, { stream: true }));
        for (const message of come.splice(0)) {
          if (this.#parts.signal.aborted) return;
          yield* this.#take(message);
        }
      }
    } catch (error) {
      // A connection that breaks off ends the stream as well; half an event at its end comes again.
      if (error instanceof SseError) throw error;
    }
  }

  *#take({ id, event: type = 'message', data }: EventSourceMessage): Generator<FeedEvent, void> {
    this.#failures = 0;
    // Control characters cannot be sent back in a header.
    if (id !== undefined && !/\p{Cc}/u.test(id)) this.position = id;
    if (type === 'sse.gap') this.#parts.tell(gapIn(data));
    else if (type === 'sse.bye') this.#goodbye = reasonIn(data);
    // What the server tells a client of its stream is no event of anybody's.
    if (!type.startsWith('sse.')) yield { type, id: this.position, data };
  }

  async #pause(why: string, asked = 0): Promise<void> {
    const { signal, tell, sleep = sleepUntil, random = Math.random } = this.#parts;
    const longest = Math.max(this.#retry, LONGEST_WAIT);
    const time = Math.min(this.#retry * 2 ** Math.min(Math.max(this.#failures - 1, 0), 16), longest);
    // Spread, so that the clients of a server that failed do not come back as one.
    const delay = Math.min(Math.max(time * (1 + random() / 4), asked), RETRY_BOUNDS.most);
    tell(`${why}; trying again in ${(delay / 1000).toFixed(1)} s`);
    await sleep(delay, signal);
  }
}

async function sleepUntil(ms: number, signal: AbortSignal): Promise<void> {
  // Whoever waits looks at the signal.
  await wait(ms, undefined, { signal }).catch(() => {});
}

/** What `sse.gap` says, for people. */
function gapIn(data: string): string {
  const { missed, reason, from } = objectIn(data);
  const count = typeof missed === 'number' ? counted(missed, 'event') : 'an unknown number of events';
  return `gap: ${count} missed (${reason}); going on after ${from}`;
}

function reasonIn(data: string): string {
  return String(objectIn(data).reason);
}

function objectIn(data: string): Readonly<Record<string, unknown>> {
  try {
    return Object(JSON.parse(data));
  } catch {
    // Not a server of ours; it says what it likes.
    return {};
  }
}
