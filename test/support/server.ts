import assert from 'node:assert/strict';
import { connect, type Socket } from 'node:net';
import type { TestContext } from 'node:test';
import { createParser, type EventSourceMessage } from 'eventsource-parser';
import { App, type Surroundings } from '../../src/app.ts';
import type { OptionsInput } from '../../src/config/options.ts';
import { parseOptions } from '../../src/config/parse.ts';
import type { Activity } from '../../src/hub/activity.ts';

/** Longer than anything here takes; what is waited for and has not come by then never will. */
const PATIENCE = 5000;

/** A whole answer, as it came over the wire. */
export interface Answer {
  readonly status: number;
  /** Header lines as they were sent, in order. */
  readonly lines: readonly string[];
  /** By lower-case name; of several lines the last. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** A connection that sends the bytes it is told to, and nothing else. */
export class Wire {
  readonly socket: Socket;
  /** Everything that came, a character for each byte. */
  received = '';
  closed = false;
  /** What went wrong on the way: `ECONNRESET`, `EPIPE`. */
  error: NodeJS.ErrnoException | undefined;
  readonly #changed = new Set<() => void>();

  constructor(socket: Socket) {
    this.socket = socket;
    const tell = () => {
      for (const changed of this.#changed) changed();
    };
    socket.on('data', (bytes: Buffer) => {
      this.received += bytes.toString('latin1');
      tell();
    });
    // A reset is one of the ways to be closed.
    socket.on('error', (error) => {
      this.error = error;
    });
    socket.on('close', () => {
      this.closed = true;
      tell();
    });
  }

  send(bytes: string | Uint8Array): this {
    this.socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'utf8') : bytes);
    return this;
  }

  /** What there is to know of what came, once there is; fails if the connection closes without it. */
  until<T>(find: (received: string) => T | undefined | false, what: string): Promise<T> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => look(`${what} never came`), PATIENCE);
      const look = (failure?: string) => {
        const found = find(this.received);
        const over = failure ?? (this.closed ? `closed before ${what} came` : undefined);
        if ((found === undefined || found === false) && over === undefined) return;
        clearTimeout(timer);
        this.#changed.delete(changed);
        if (found !== undefined && found !== false) resolve(found);
        else reject(new Error(`${over}; received: ${JSON.stringify(this.received.slice(-400))}`));
      };
      const changed = () => look();
      this.#changed.add(changed);
      look();
    });
  }

  /** Everything that came, once the connection is closed. */
  end(): Promise<string> {
    return this.until((received) => this.closed && { received }, 'the end').then(({ received }) => received);
  }

  /** The first answer. @param bodiless whether it answers a HEAD and so ends with its headers */
  answer(bodiless = false): Promise<Answer> {
    return this.until((received) => parseAnswer(received, this.closed, bodiless), 'an answer');
  }
}

function parseAnswer(received: string, closed: boolean, bodiless: boolean): Answer | undefined {
  const end = received.indexOf('\r\n\r\n');
  if (end === -1) return undefined;
  const [first = '', ...lines] = received.slice(0, end).split('\r\n');
  const status = Number(first.split(' ')[1]);
  if (status === 100) return parseAnswer(received.slice(end + 4), closed, bodiless);
  const headers = Object.fromEntries(
    lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]),
  );
  const rest = received.slice(end + 4);
  const length = headers['content-length'];
  if (bodiless || status === 204 || status === 304) return { status, lines, headers, body: '' };
  const chunked = headers['transfer-encoding'] === 'chunked';
  const whole = chunked ? rest.endsWith('0\r\n\r\n') : length !== undefined && rest.length >= Number(length);
  if (!closed && !whole) return undefined;
  const bytes = chunked ? unchunked(rest) : rest.slice(0, Number(length ?? rest.length));
  const body = Buffer.from(bytes, 'latin1').toString('utf8');
  return { status, lines, headers, body };
}

/** RFC 9112 §7.1, as far as an honest server goes. */
function unchunked(rest: string): string {
  let body = '';
  for (let at = 0; ; ) {
    const end = rest.indexOf('\r\n', at);
    const size = Number.parseInt(rest.slice(at, end), 16);
    if (!(size > 0)) return body;
    body += rest.slice(end + 2, end + 2 + size);
    at = end + 2 + size + 2;
  }
}

/** An open event stream. What comes is read by another project's parser. */
export class Stream {
  readonly wire: Wire;
  readonly received: EventSourceMessage[] = [];
  #read = 0;
  #retries: number[] = [];
  readonly #parser = createParser({
    onEvent: (event) => void this.received.push(event),
    onRetry: (retry) => void this.#retries.push(retry),
  });

  constructor(wire: Wire) {
    this.wire = wire;
  }

  /** The body, as bytes of latin1. */
  get body(): string {
    const { received } = this.wire;
    const end = received.indexOf('\r\n\r\n');
    return end === -1 ? '' : received.slice(end + 4);
  }

  /** Reconnection times that it was told. */
  get retries(): readonly number[] {
    this.#feed();
    return this.#retries;
  }

  /** Data of the broadcast events so far. */
  get data(): string[] {
    this.#feed();
    return this.received.filter(({ event }) => !event?.startsWith('sse.')).map(({ data }) => data);
  }

  /** The first event of a type, once it came. */
  event(type: string): Promise<EventSourceMessage> {
    return this.wire.until(() => {
      this.#feed();
      return this.received.find(({ event }) => (event ?? 'message') === type);
    }, `an event of type ${type}`);
  }

  /** Waits until an event with this data came; then everything before it has come too. */
  async until(data: string): Promise<string[]> {
    await this.wire.until(() => this.data.includes(data), `the event ${JSON.stringify(data)}`);
    return this.data;
  }

  #feed(): void {
    const { body } = this;
    this.#parser.feed(Buffer.from(body.slice(this.#read), 'latin1').toString('utf8'));
    this.#read = body.length;
  }
}

/** The real server in this process, on a free port, with everything it reports. */
export class TestServer {
  readonly app: App;
  readonly activities: Activity[];
  readonly url: string;
  readonly port: number;
  /** Where admin listens: `http://…/admin/` or `unix:PATH`. */
  readonly admin: string;

  private constructor(app: App, activities: Activity[], { url, port, admin }: { url: string; port: number; admin: string }) {
    this.app = app;
    this.activities = activities;
    this.url = url;
    this.port = port;
    this.admin = admin;
  }

  /** @param mayFail whether it is made to fail: what goes wrong in it is then no surprise */
  static async start(
    t: TestContext,
    options: OptionsInput = {},
    { mayFail = false, ...rest }: Partial<Surroundings> & { readonly mayFail?: boolean } = {},
  ): Promise<TestServer> {
    const activities: Activity[] = [];
    const observe = (activity: Activity) => void activities.push(activity);
    const parsed = parseOptions({ port: 0, drainTime: '0s', ...options });
    const app = await App.open(parsed, { production: false, portAsked: true, observe, ...rest });
    const server = new TestServer(app, activities, await app.start());
    t.after(async () => {
      await app.stop();
      // Whatever a test does to the server, nothing of it may come as a surprise to it.
      if (!mayFail) assert.deepEqual(server.of('failed'), []);
    });
    return server;
  }

  /** The activities of a kind, in order. */
  of<K extends Activity['kind']>(kind: K): Extract<Activity, { kind: K }>[] {
    return this.activities.filter((activity): activity is Extract<Activity, { kind: K }> => activity.kind === kind);
  }

  connect(to: { port?: number; path?: string } = {}): Wire {
    const socket = to.path === undefined ? connect(to.port ?? this.port, '127.0.0.1') : connect(to.path);
    return new Wire(socket.setNoDelay());
  }

  /**
   * Sends a request as it stands, with a `Host` unless there is one, and answers the whole answer.
   * @param head request line and headers, lines separated by LF
   */
  async send(head: string, body: string | Uint8Array = '', to: { port?: number; path?: string } = {}): Promise<Answer> {
    const wire = this.connect(to);
    wire.send(requestOf(head, body, to.port ?? this.port)).send(body);
    try {
      return await wire.answer(head.startsWith('HEAD '));
    } finally {
      wire.socket.destroy();
    }
  }

  /** Opens a stream and waits for its first event. @param headers lines separated by LF */
  async stream(query = '', headers = ''): Promise<Stream> {
    const wire = this.connect();
    wire.send(requestOf(`GET /sse${query}\n${headers}`, '', this.port));
    const stream = new Stream(wire);
    await wire.until(() => stream.body.includes('\n\n'), 'the first event');
    return stream;
  }

  /** Broadcasts `data` over HTTP. */
  broadcast(head = '', body = ''): Promise<Answer> {
    return this.send(`POST /admin/broadcast\n${head}`, body);
  }
}

/** The bytes of a request's head. */
export function requestOf(head: string, body: string | Uint8Array, port: number): string {
  const [line = '', ...headers] = head.split('\n').filter((each) => each !== '');
  const has = (name: string) => headers.some((header) => header.toLowerCase().startsWith(`${name}:`));
  const length = Buffer.byteLength(body);
  const all = [
    / HTTP\/1\.[01]$/.test(line) ? line : `${line} HTTP/1.1`,
    ...(has('host') ? [] : [`Host: localhost:${port}`]),
    ...headers,
    ...(length > 0 && !has('content-length') && !has('transfer-encoding') ? [`Content-Length: ${length}`] : []),
  ];
  return `${all.join('\r\n')}\r\n\r\n`;
}
