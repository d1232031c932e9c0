import { once } from 'node:events';
import { connect as connectHttp2 } from 'node:http2';
import { request } from 'node:https';
import type { Readable } from 'node:stream';
import { type ConnectionOptions, connect as connectTls } from 'node:tls';
import { createParser } from 'eventsource-parser';
import { type Cleanup, PATIENCE, Waiting } from '../support/program.ts';

export type Version = 'HTTP/1.1' | 'HTTP/2';

/** How to ask something of this machine over TLS. */
export interface Asking {
  /** The certificate it must show, in PEM. */
  readonly ca: string;
  readonly method?: string;
  /** In place of that of the URL, exactly as it stands. */
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string | string[]>>;
  /** Which of this machine's own addresses it comes from. */
  readonly localAddress?: string;
  readonly version?: Version;
}

/** An answer whose body is still to come. */
interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: Readable;
  close(): void;
}

/** An event and when it came, in ms since 1970. */
export interface Timed {
  readonly id: string;
  readonly data: string;
  readonly at: number;
}

/** A stream over TLS, in the version of HTTP that is asked for, read by another project's parser. It does not reconnect. */
export class TimedStream {
  readonly events: Timed[] = [];
  /** How often the server said that it is open. */
  opens = 0;
  /** How many comments there were, which are heartbeats. */
  heartbeats = 0;
  hasEnded = false;
  readonly #waiting = new Waiting(() => `${this.events.length} events, ${this.heartbeats} heartbeats, ended: ${this.hasEnded}`);

  private constructor(body: Readable) {
    const parser = createParser({
      onEvent: ({ id = '', event = 'message', data }) => {
        if (event === 'sse.open') this.opens++;
        if (event === 'message') this.events.push({ id, data, at: Date.now() });
      },
      onComment: () => void this.heartbeats++,
    });
    body.setEncoding('utf8').on('data', (text: string) => {
      parser.feed(text);
      this.#waiting.changed();
    });
    body.on('error', () => {});
    body.on('close', () => {
      this.hasEnded = true;
      this.#waiting.changed();
    });
  }

  /** Settles when the server has attached it. Closed at the end of the test. */
  static async open(t: Cleanup, url: string, asking: Asking): Promise<TimedStream> {
    const headers = { accept: 'text/event-stream', ...asking.headers };
    const { status, body, close } = await askFor(url, { ...asking, headers });
    t.after(close);
    if (status !== 200) throw new Error(`${url}: ${status}`);
    const stream = new TimedStream(body);
    await stream.until('it is open', () => stream.opens > 0);
    return stream;
  }

  until<T>(what: string, condition: () => T | undefined | false | null): Promise<T> {
    return this.#waiting.until(what, condition);
  }
}

/** Asks for something that ends. */
export async function ask(url: string, asking: Asking): Promise<Omit<Answer, 'body' | 'close'> & { readonly text: string }> {
  const { status, headers, body, close } = await askFor(url, asking);
  let text = '';
  for await (const chunk of body.setEncoding('utf8')) text += chunk;
  close();
  return { status, headers, text };
}

function askFor(url: string, asking: Asking): Promise<Answer> {
  return asking.version === 'HTTP/2' ? overHttp2(new URL(url), asking) : overHttp1(new URL(url), asking);
}

async function overHttp1(url: URL, asking: Asking): Promise<Answer> {
  const { ca, method = 'GET', path = url.pathname + url.search, headers = {}, localAddress } = asking;
  const asked = request({
    ...ofThisMachine(url, ca, localAddress),
    method,
    path,
    headers: { host: url.host, ...headers },
    agent: false,
  });
  const [body] = await once(asked.end(), 'response', { signal: AbortSignal.timeout(PATIENCE) });
  asked.on('error', () => {});
  return { status: body.statusCode, headers: body.headers, body, close: () => body.destroy() };
}

async function overHttp2(url: URL, asking: Asking): Promise<Answer> {
  const { ca, method = 'GET', path = url.pathname + url.search, headers = {}, localAddress } = asking;
  const socket = connectTls({ ...ofThisMachine(url, ca, localAddress), ALPNProtocols: ['h2'] });
  const session = connectHttp2(url.origin, { createConnection: () => socket }).on('error', () => {});
  const body = session.request({ ':method': method, ':path': path, ...headers });
  const [answered] = await once(body.end(), 'response', { signal: AbortSignal.timeout(PATIENCE) });
  return { status: answered[':status'], headers: answered, body, close: () => session.destroy() };
}

/** By its IPv4 address, so that any of 127.0.0.0/8 may be where it comes from. */
function ofThisMachine({ port }: URL, ca: string, localAddress?: string): ConnectionOptions & { readonly host: string } {
  return { host: '127.0.0.1', port: Number(port), servername: 'localhost', ca, ...(localAddress && { localAddress }) };
}
