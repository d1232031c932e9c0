import { EventEmitter, once } from 'node:events';
import { readFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname } from 'node:path';

/**
 * A stand-in for the server that serves the page and speaks the wire as `design.md` §5 writes it, so that tests of the
 * page can make it say goodbye, refuse, skip events or break off exactly when they want.
 */

/** What the server sends with the page. */
export const POLICY: string =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const TYPES: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/** An open stream, from the server's side. */
export interface Stream {
  readonly url: URL;
  readonly lastEventId: string | undefined;
  /** Sends an event with the next id and returns the id. `type` undefined leaves the field out. */
  send(data: string, type?: string, id?: string): string;
  /** Sends a control event, which carries the position that is reached. */
  control(type: string, data?: object): void;
  raw(text: string): void;
  end(): void;
  /** Breaks the connection off without an end. */
  cut(): void;
  /** Settles when the client has gone. */
  readonly gone: Promise<unknown>;
}

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

/** The double. `answers` are used up, one per request for a stream, in place of opening it. */
export class PageDouble {
  readonly streams: Stream[] = [];
  readonly answers: Answer[] = [];
  /** Given when `answers` are used up, as long as it is set. */
  always: Answer | undefined;
  /** What a stream begins with; `sse.open` for whoever the client says it is. */
  opening: (stream: Stream) => void = (stream) => {
    const profile = stream.url.searchParams.get('profile') ?? '';
    stream.control('sse.open', { client: 'c1', authenticated: false, profile });
  };
  /** The sequence of the last event. */
  head = 0;
  /** Milliseconds that a client is told to wait. */
  retry = 500;
  readonly #opened = new EventEmitter();
  readonly #server = createServer((request, response) => this.#route(request, response));

  static async start(): Promise<PageDouble> {
    const double = new PageDouble();
    double.#server.listen(0, '127.0.0.1');
    await once(double.#server, 'listening');
    return double;
  }

  get origin(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** The n-th stream, from 1, as soon as it is open. */
  async stream(n: number): Promise<Stream> {
    while (this.streams.length < n) await once(this.#opened, 'stream');
    return this.streams[n - 1] as Stream;
  }

  async stop(): Promise<void> {
    const closed = once(this.#server.close(), 'close');
    this.#server.closeAllConnections();
    await closed;
  }

  #route(request: IncomingMessage, response: ServerResponse): void {
    const url = new URL(request.url ?? '/', this.origin);
    if (url.pathname === '/sse' || url.pathname === '/api/test/sse') {
      const answer = this.answers.shift() ?? this.always;
      if (answer) answer(request, response);
      else this.#open(url, request, response);
      return;
    }
    this.#file(url.pathname === '/' ? '/index.html' : url.pathname, response).catch(() => response.writeHead(404).end());
  }

  async #file(path: string, response: ServerResponse): Promise<void> {
    const bytes = await readFile(new URL(`../../public${path}`, import.meta.url));
    const type = TYPES[extname(path)] ?? 'application/octet-stream';
    response
      .writeHead(200, { 'Content-Type': type, 'Content-Security-Policy': POLICY, 'X-Content-Type-Options': 'nosniff' })
      .end(bytes);
  }

  #open(url: URL, request: IncomingMessage, response: ServerResponse): void {
    response.writeHead(200, {
      'Content-Type': 'text/event-stream; charset=utf-8',
      'Cache-Control': 'no-store, no-transform',
      'X-Accel-Buffering': 'no',
      'X-Content-Type-Options': 'nosniff',
    });
    const stream: Stream = {
      url,
      lastEventId: request.headers['last-event-id'] as string | undefined,
      send: (data, type, id = `k3f9-${++this.head}`) => {
        const lines = data.split(/\r\n|[\r\n]/).map((line) => `data: ${line}\n`);
        response.write(`id: ${id}\n${type === undefined ? '' : `event: ${type}\n`}${lines.join('')}\n`);
        return id;
      },
      control: (type, data) => {
        response.write(`id: k3f9-${this.head}\nevent: ${type}\ndata: ${data ? JSON.stringify(data) : ''}\n\n`);
      },
      raw: (text) => response.write(text),
      end: () => response.end(),
      cut: () => response.destroy(),
      gone: once(response, 'close'),
    };
    response.write(`retry: ${this.retry}\n`);
    this.opening(stream);
    this.streams.push(stream);
    this.#opened.emit('stream');
  }
}
