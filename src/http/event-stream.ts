import type { IncomingHttpHeaders, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { CloseReason } from '../hub/activity.ts';
import type { Cursor } from '../hub/cursor.ts';
import type { Subscriber } from '../hub/subscriber.ts';
import { justWoke } from './sleep.ts';

/** The headers of every event stream (design §5). `no-transform` and `X-Accel-Buffering` keep proxies from holding it back. */
export const STREAM_HEADERS: OutgoingHttpHeaders = {
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-store, no-transform',
  'x-accel-buffering': 'no',
  'x-content-type-options': 'nosniff',
  // Without length and chunks, the body is all that comes until the connection closes (RFC 9112 §6.3).
  connection: 'close',
};

const NOTHING = Buffer.alloc(0);
const NO_LINES: string[] = [];
const NO_HEADERS: IncomingHttpHeaders = Object.freeze({});
/** How long a stream that was ended may take to hand over its last bytes, in ms. */
const GRACE = 5000;

/**
 * A client's open response. After its headers it writes straight to the socket: the body has no length and no
 * chunks and ends with the connection, so frames are the same bytes for every client.
 */
export class EventStream implements Subscriber {
  readonly #socket: Socket;
  readonly #stallTime: number;
  #cursor: Cursor | undefined;

  /**
   * Sends the headers.
   * @param stallTime how long a full socket may make no progress, in ms
   */
  constructor(res: ServerResponse, headers: OutgoingHttpHeaders, stallTime: number) {
    this.#socket = res.socket as Socket;
    this.#stallTime = stallTime;
    res.removeHeader('transfer-encoding');
    res.writeHead(200, { ...STREAM_HEADERS, ...headers });
    res.flushHeaders();
    // The request stays in memory as long as its stream; what was sent in its head can be more than all we keep of it.
    res.req.url = '';
    res.req.rawHeaders = NO_LINES;
    res.req.headers = NO_HEADERS;
    // The socket's time-out is only set while it is full, and Node restarts it whenever part of a write has left.
    this.#socket.setTimeout(0);
    res.on('timeout', () => this.#stalled());
    this.#socket.once('close', () => this.#cursor?.detach('left'));
  }

  /** Follows a cursor: its end is ours, and it hears when there is room again. */
  follow(cursor: Cursor): void {
    this.#cursor = cursor;
    if (this.#socket.destroyed) cursor.detach('left');
  }

  write(bytes: Uint8Array): boolean {
    const socket = this.#socket;
    if (socket.destroyed || socket.writableEnded) return true;
    socket.write(bytes);
    // Not the answer of write(), which compares with a mark: what counts is whether anything is left in user space.
    if (socket.writableLength === 0) return true;
    socket.setTimeout(this.#stallTime);
    socket.write(NOTHING, (error) => {
      if (error) return; // The socket's close tells the hub.
      socket.setTimeout(0);
      this.#cursor?.drained();
    });
    return false;
  }

  end(reason: CloseReason): void {
    this.#cursor = undefined;
    const socket = this.#socket;
    // A reset frees what the kernel holds for a client that does not take it; its frames are cut, so it comes back for them.
    if (reason === 'slow') socket.resetAndDestroy();
    else {
      socket.setTimeout(GRACE);
      socket.end();
    }
  }

  #stalled(): void {
    // Nobody could take anything while this process slept.
    if (this.#cursor && justWoke()) this.#socket.setTimeout(this.#stallTime);
    else if (this.#cursor) this.#cursor.end('slow');
    else this.#socket.destroy();
  }
}
