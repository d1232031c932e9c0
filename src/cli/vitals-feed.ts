import type { IncomingMessage } from 'node:http';
import { createParser } from 'eventsource-parser';
import { SseError } from '../errors.ts';

/** How a server does, as `GET /admin/events` tells it once a second: counters since the start, but for clients and slow. */
export interface Vitals {
  /** By a clock of the server that only goes forward, in ms. */
  readonly at: number;
  readonly clients: number;
  /** Clients that take nothing at the moment. */
  readonly slow: number;
  readonly events: number;
  readonly deliveries: number;
  readonly bytes: number;
  readonly gaps: number;
  readonly refused: number;
}

/** More than a snapshot's longest event, in characters. */
const LONGEST_EVENT = 16 * 1024 * 1024;

/** The vitals in a stream of admin's events. Of those that came while nobody asked only the last. @throws SseError `request-failed` */
export async function* vitalsIn(body: IncomingMessage): AsyncGenerator<Vitals, void> {
  let last: Vitals | undefined;
  const parser = createParser({
    onEvent: ({ event, data }) => {
      if (event === 'stats') last = parsed(data);
    },
    onError: ({ type }) => {
      if (type === 'max-buffer-size-exceeded') throw new SseError('request-failed', 'the server sends an event without end');
    },
    maxBufferSize: LONGEST_EVENT,
  });
  const decoder = new TextDecoder();
  for await (const chunk of body as AsyncIterable<Uint8Array>) {
    parser.feed(decoder.decode(chunk, { stream: true }));
    if (last === undefined) continue;
    const vitals = last;
    last = undefined;
    yield vitals;
  }
}

function parsed(data: string): Vitals {
  try {
    return JSON.parse(data) as Vitals;
  } catch {
    throw new SseError('request-failed', 'the server tells its numbers in what is no JSON: is it of this kind?');
  }
}
