import { encodeControl } from '../event/encode.ts';
import type { CloseReason } from './activity.ts';

/** What a client is told at the end, besides the reason. */
export interface Goodbye {
  /** A new reconnection time, in ms. */
  readonly retry?: number | undefined;
  /** Why, in somebody's words. */
  readonly detail?: string | undefined;
  /** Whether it is asked never to come back. */
  readonly forever?: boolean;
}

/** No more clients than this are told to come back in the same second. */
const RETURNS = 1000;

/** A time of its own after which a client is to come back, in ms: so that they do not come back all at once, the more of them, the longer. */
export function returnTime(retry: number, clients: number): number {
  return Math.round(retry + Math.random() * Math.max(2 * retry, (clients / RETURNS) * 1000));
}

/**
 * What the last id of a client begins with that was asked never to come back: no id of an event does, and no client needs a
 * preflight for it.
 */
const FAREWELL = 'bye~';

/** `sse.bye`. @param position up to where the client has everything that is for it */
export function encodeGoodbye(position: string, reason: CloseReason, { retry, detail, forever = false }: Goodbye): Buffer {
  const data = { reason, ...(detail !== undefined && { detail }) };
  return encodeControl(forever ? `${FAREWELL}${position}` : position, 'sse.bye', data, retry);
}

/** Whether an id says that its client was asked never to come back. */
export function isFarewell(lastEventId: string | undefined): boolean {
  return lastEventId?.startsWith(FAREWELL) === true;
}
