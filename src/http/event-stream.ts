import type { IncomingHttpHeaders, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { CloseReason } from '../hub/activity.ts';
import type { Cursor } from '../hub/cursor.ts';
import type { Subscriber } from '../hub/subscriber.ts';
import type { VanishedPeers, Watched } from './vanished-peers.ts';

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
export class EventStream implements Subscriber, Watched {
  readonly #socket: Socket;
  /** Bytes that the kernel holds for its peer, where somebody finds out. */
  queued = 0;
  #cursor: Cursor | undefined;

  /** Sends the headers. */
  constructor(res: ServerResponse, headers: OutgoingHttpHeaders) {
    this.#socket = res.socket as Socket;
    res.removeHeader('transfer-encoding');
    res.writeHead(200, { ...STREAM_HEADERS, ...headers });
    res.flushHeaders();
    // The request stays in memory as long as its stream; what was sent in its head can be more than all we keep of it.
    res.req.url = '';
    res.req.rawHeaders = NO_LINES;
    res.req.headers = NO_HEADERS;
    // The hub has an eye on clients that stall; a timer for each would only be in its way.
    this.#socket.setTimeout(0);
    this.#socket.once('close', () => this.#cursor?.detach('left'));
  }

  /** Follows a cursor: its end is ours, and it hears when there is room again. */
  follow(cursor: Cursor): void {
    this.#cursor = cursor;
    if (this.#socket.destroyed) cursor.detach('left');
  }

  /** Has somebody find out whether its peer is still there. */
  watchedBy(peers: VanishedPeers): void {
    if (!this.#socket.destroyed) this.#socket.once('close', peers.watch(this.#socket, this));
  }

  vanish(): void {
    this.#cursor?.vanish();
    this.#cursor = undefined;
    // No reset, which would be lost on the way: the kernel goes on for a minute or two with what it holds and the end behind
    // it, and a peer that was only cut off for that long comes back when it reads that.
    this.#socket.destroy();
  }

  write(bytes: Uint8Array): boolean {
    const socket = this.#socket;
    if (socket.destroyed || socket.writableEnded) return true;
    socket.write(bytes);
    // Not the answer of write(), which compares with a mark: what counts is whether anything is left in user space.
    if (socket.writableLength === 0) return true;
    socket.write(NOTHING, (error) => {
      if (error) return; // The socket's close tells the hub.
      this.#cursor?.drained();
    });
    return false;
  }

  /**
   * All that was written, less what waits in this process or, as far as is known, in the kernel. `writableLength` would
   * not do: it only moves when a whole write is through, which takes its time with a large event on a slow line.
   */
  get taken(): number {
    const socket: Socket & { readonly _handle?: { readonly writeQueueSize?: number } | null } = this.#socket;
    // As Node's own time-out of sockets finds out.
    return socket.bytesWritten - (socket._handle?.writeQueueSize ?? socket.writableLength) - this.queued;
  }

  end(reason: CloseReason): void {
    this.#cursor = undefined;
    const socket = this.#socket;
    // A reset frees what the kernel holds for a client that does not take it; its frames are cut, so it comes back for them.
    if (reason === 'slow') socket.resetAndDestroy();
    else {
      // Whole, and not begun anew for each byte: a stream that has ended counts no more, and must not be held on to.
      const timer = setTimeout(() => socket.destroy(), GRACE);
      timer.unref();
      socket.once('close', () => clearTimeout(timer));
      socket.end();
    }
  }
}
