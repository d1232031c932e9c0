import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** At most this many requests of one connection may wait for their turn. */
const MOST = 16;
/** How many do. Only connections that ever sent ahead of an answer are held here. */
const waiting = new WeakMap<Socket, number>();

/** Whether requests wait until the one that is being answered is. */
export function hasWaiting(socket: Socket): boolean {
  return (waiting.get(socket) ?? 0) > 0;
}

/**
 * Waits until all requests before this one on its connection are answered (pipelining, RFC 9112 §9.3.2). Node would have them
 * handled at once, and one packet of a client that then takes nothing would open a thousand files; nor does Node ever tell a
 * response in the queue that its connection is gone, so nobody would close them.
 *
 * @returns false for one too many: the connection is closed. Never settles if the connection closes before.
 */
export async function itsTurn({ socket }: IncomingMessage, res: ServerResponse): Promise<boolean> {
  const before = waiting.get(socket) ?? 0;
  if (before === MOST) {
    socket.destroy();
    return false;
  }
  waiting.set(socket, before + 1);
  await once(res, 'socket');
  waiting.set(socket, (waiting.get(socket) ?? 1) - 1);
  return true;
}
