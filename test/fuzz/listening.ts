import { createHash } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { createParser } from 'eventsource-parser';
import type { Cleanup } from '../support/program.ts';

/** Text that says whether it is still what it was. What separates its lines may change: clients have LF. */
export function sealed(text: string): string {
  return `${digest(text)}:${text}`;
}

function digest(text: string): string {
  return createHash('sha256')
    .update(text.split(/\r\n|[\r\n]/).join('\n'))
    .digest('hex')
    .slice(0, 12);
}

/** The type of events whose data is sealed. */
export const SEALED = 'sealed';

/**
 * A client of the ordinary kind beside the fuzzed ones: reads all it is sent with another project's parser, comes back whenever
 * it is cut off, and complains of whatever it should not have got.
 */
export class Listening {
  /** Of the server and of its own stream, at the moment. */
  epoch = '';
  client = '';
  /** All events that it got, and those among them whose data was as it was sent. */
  frames = 0;
  intact = 0;
  returns = -1;
  readonly complaints: string[] = [];
  readonly opened: Promise<void>;
  readonly #url: URL;
  readonly #token: string | undefined;
  #lastEventId = '';
  #last = 0;
  #socket: Socket | undefined;
  #over = false;
  #told: () => void = () => {};

  constructor(t: Cleanup, url: string, token: string | undefined) {
    this.#url = new URL(url);
    this.#token = token;
    this.opened = new Promise((resolve) => {
      this.#told = resolve;
    });
    t.after(() => {
      this.#over = true;
      this.#socket?.destroy();
    });
    this.#open();
  }

  #open(): void {
    this.returns++;
    const { port, pathname } = this.#url;
    const lines = [
      `GET ${pathname} HTTP/1.1`,
      'Host: localhost',
      'Accept: text/event-stream',
      ...(this.#token === undefined ? [] : [`Authorization: Bearer ${this.#token}`]),
      ...(this.#lastEventId === '' ? [] : [`Last-Event-ID: ${this.#lastEventId}`]),
    ];
    const parser = createParser({
      onEvent: ({ id = '', event = 'message', data }) => this.#take(id, event, data),
      onError: (error) => this.complaints.push(`no event stream: ${error.message}`),
    });
    const decoder = new TextDecoder('utf-8', { fatal: true });
    let head: string | undefined = '';
    const socket = connect(Number(port), '127.0.0.1').setNoDelay();
    this.#socket = socket;
    socket.write(`${lines.join('\r\n')}\r\n\r\n`);
    socket.on('data', (bytes: Buffer) => {
      let text = decoder.decode(bytes, { stream: true });
      if (head !== undefined) {
        head += text;
        const end = head.indexOf('\r\n\r\n');
        if (end === -1) return;
        const status = head.split(' ')[1];
        // Asked never to come back, by somebody who may: a person would press the button again.
        if (status === '204') this.#lastEventId = '';
        else if (status !== '200') this.complaints.push(`not let in: ${head.slice(0, 300)}`);
        text = head.slice(end + 4);
        head = undefined;
      }
      parser.feed(text);
    });
    socket.on('error', () => {});
    socket.on('close', () => this.#over || setTimeout(() => this.#over || this.#open(), 20));
  }

  #take(id: string, type: string, data: string): void {
    this.frames++;
    if (id !== '') this.#lastEventId = id;
    if (type === 'sse.open' || type === 'sse.gap') {
      if (type === 'sse.open') this.client = (JSON.parse(data) as { client: string }).client;
      this.epoch = id.split('-')[0] ?? '';
      this.#told();
    }
    if (type.startsWith('sse.')) return;
    const sequence = Number(/^[a-z0-9]+-(\d+)(\.|$)/.exec(id)?.[1] ?? Number.NaN);
    if (!(sequence > this.#last)) this.complaints.push(`${id} after ${this.#last}`);
    this.#last = sequence;
    if (/\p{Cc}/u.test(type)) this.complaints.push(`type ${JSON.stringify(type)}`);
    if (type !== SEALED) return;
    const end = data.indexOf(':');
    if (digest(data.slice(end + 1)) === data.slice(0, end)) this.intact++;
    else this.complaints.push(`changed on its way: ${JSON.stringify(data).slice(0, 300)}`);
  }
}
