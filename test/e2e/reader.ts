import { once } from 'node:events';
import { get, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import { createParser } from 'eventsource-parser';
import { type Cleanup, PATIENCE, Waiting } from '../support/program.ts';

/** An event as a client hands it on. */
export interface Received {
  readonly type: string;
  readonly id: string;
  readonly data: string;
}

export function isControl({ type }: Received): boolean {
  return type.startsWith('sse.');
}

/** A stream as it comes over the wire, read by another project's parser, for tests in which no client's ways matter. It does not reconnect. */
export class Reader {
  /** As it came, without headers. */
  raw = '';
  /** All of them, control events too. */
  readonly all: Received[] = [];
  /** Settles when the connection has ended, however it did. */
  readonly ended: Promise<void>;
  readonly #response: IncomingMessage;
  readonly #waiting = new Waiting(() => `received ${JSON.stringify(this.raw.slice(-2000))}`);

  private constructor(response: IncomingMessage) {
    this.#response = response;
    const parser = createParser({
      onEvent: ({ id = '', event = 'message', data }) => void this.all.push({ type: event, id, data }),
    });
    response.setEncoding('utf8').on('data', (text: string) => {
      this.raw += text;
      parser.feed(text);
      this.#waiting.changed();
    });
    response.on('error', () => {});
    // Not `once`, which would take a reset for a reason to reject.
    this.ended = new Promise<void>((resolve) => response.on('close', resolve)).then(() => this.#waiting.changed());
  }

  /** Asks for a URL; settles when the headers of the answer are there. Closed at the end of the test. */
  static async open(t: Cleanup, url: string, headers: Readonly<Record<string, string>> = {}): Promise<Reader> {
    const request = get(url, { agent: false, headers: { accept: 'text/event-stream', ...headers } });
    const [response] = (await once(request, 'response', { signal: AbortSignal.timeout(PATIENCE) })) as [IncomingMessage];
    request.on('error', () => {});
    const reader = new Reader(response);
    t.after(() => reader.close());
    return reader;
  }

  get status(): number {
    return this.#response.statusCode ?? 0;
  }

  get headers(): IncomingHttpHeaders {
    return this.#response.headers;
  }

  /** The broadcast events. */
  get events(): Received[] {
    return this.all.filter((event) => !isControl(event));
  }

  /** Their data. */
  get data(): string[] {
    return this.events.map(({ data }) => data);
  }

  /** What the control events of a type say. */
  control(type: string): Record<string, unknown>[] {
    return this.all.filter((event) => event.type === type).map(({ data }) => JSON.parse(data || '{}'));
  }

  until<T>(what: string, condition: () => T | undefined | false | null): Promise<T> {
    return this.#waiting.until(what, condition);
  }

  /** Settles when so many broadcast events are there. */
  async has(count: number): Promise<Received[]> {
    await this.until(`there are ${count} events`, () => this.events.length >= count);
    return this.events;
  }

  /** Settles when the stream is open on both sides: the server has told it so. */
  async opened(): Promise<this> {
    await this.until('it is open', () => this.all.length > 0);
    return this;
  }

  close(): void {
    this.#response.destroy();
  }
}

/** Opens a stream and waits until the server has attached it. */
export async function openStream(t: Cleanup, url: string, headers: Readonly<Record<string, string>> = {}): Promise<Reader> {
  return (await Reader.open(t, url, headers)).opened();
}
