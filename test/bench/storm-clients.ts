import { readFileSync } from 'node:fs';
import { connect } from 'node:net';

/*
 * The clients of the storm, in a process of their own. They compare bytes with what one client was seen to get before:
 * cheap, so that the server is what is measured.
 */

/** What this process is told, as JSON, in its argument. */
export interface Returning {
  readonly url: string;
  readonly clients: number;
  readonly lastEventId: string;
  /** A file with the bytes that each must be sent after its opening. */
  readonly expected: string;
}

/** What it answers in the end. Before, it says `true` when all have what they missed; then it is told up to which sequence they must get. */
export interface Report {
  readonly complete: number;
  /** What was wrong, for each client with which something was. */
  readonly broken: readonly string[];
  /** From the first connection until the last one had all. */
  readonly seconds: number;
}

const { url, clients, lastEventId, expected: file } = JSON.parse(process.argv[2] ?? '') as Returning;
const expected = readFileSync(file);
const seen = Number(lastEventId.split('-')[1]);
const missed = expected.toString('latin1').split('\n\n').length - 1;

class Client {
  /** Before the body: the headers, and the opening of the stream. */
  #opening = '';
  #opened = false;
  #at = 0;
  /** What came after all that it had missed. */
  #tail = '';
  broken = '';

  get complete(): boolean {
    return this.#at === expected.length;
  }

  /** The sequences of what it was sent live. */
  get live(): number[] {
    return [...this.#tail.matchAll(/^id: \w+-(\d+)\n(?!event: sse\.)/gm)].map(([, sequence]) => Number(sequence));
  }

  take(bytes: Buffer): void {
    let from = 0;
    if (!this.#opened) {
      const before = this.#opening.length;
      this.#opening += bytes.toString('latin1');
      const headers = this.#opening.indexOf('\r\n\r\n');
      const end = headers < 0 ? -1 : this.#opening.indexOf('\n\n', headers + 4);
      if (end < 0) return;
      if (!this.#opening.includes('event: sse.open\n')) this.broken ||= this.#opening.slice(0, 500);
      this.#opened = true;
      from = end + 2 - before;
    }
    const length = Math.min(bytes.length - from, expected.length - this.#at);
    if (length > 0 && bytes.compare(expected, this.#at, this.#at + length, from, from + length) !== 0)
      this.broken ||= `differs after ${this.#at} bytes: ${bytes.toString('latin1', from, from + 300)}`;
    this.#at += length;
    if (from + length < bytes.length) this.#tail += bytes.toString('latin1', from + length);
  }
}

const { hostname, port, pathname } = new URL(url);
const all = Array.from({ length: clients }, () => new Client());
const buffer = Buffer.allocUnsafe(256 * 1024);
const began = performance.now();
let seconds = 0;
let left = clients;
let last = Infinity;

for (const client of all) {
  const callback = (length: number): boolean => {
    const before = client.complete;
    client.take(buffer.subarray(0, length));
    if (!before && client.complete && --left === 0) {
      seconds = (performance.now() - began) / 1000;
      process.send?.(true);
    }
    if (last < Infinity) reportIfOver();
    return true;
  };
  const socket = connect({ port: Number(port), host: hostname, onread: { buffer, callback } });
  socket.on('error', (error) => {
    client.broken ||= error.message;
  });
  socket.on('close', () => {
    client.broken ||= 'was ended';
    if (left > 0 && all.every(({ complete, broken }) => complete || broken)) process.send?.(true);
  });
  socket.write(
    `GET ${pathname} HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\nLast-Event-ID: ${lastEventId}\r\n\r\n`,
  );
}

process.on('message', (sequence: number) => {
  last = sequence;
  reportIfOver();
});

/** So many, from the first on, are known to have all. */
let over = 0;
function reportIfOver(): void {
  for (; over < all.length; over++) {
    const client = all[over] as Client;
    if (!client.broken && client.live.at(-1) !== last) return;
  }
  const first = seen + missed + 1;
  for (const client of all) {
    const { live } = client;
    if (live.length !== last - first + 1 || live.some((sequence, index) => sequence !== first + index))
      client.broken ||= `live events: ${live.join()}`;
  }
  const broken = all.filter((client) => client.broken).map((client) => client.broken);
  process.send?.({ complete: clients - broken.length, broken, seconds } satisfies Report);
  last = Infinity;
}
