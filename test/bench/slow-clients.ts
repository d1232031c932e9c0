import { Agent, request } from 'node:http';
import { connect } from 'node:net';

/*
 * The load of the benchmark of slow clients, in a process of its own: clients that count bytes and note when an event is
 * whole, others that open a stream and read nothing, and a publisher that keeps to a rate.
 */

/** What this process is told, as JSON, in its argument. */
export interface SlowLoad {
  readonly sse: string;
  readonly admin: string;
  readonly clients: number;
  /** So many of them read nothing. */
  readonly stalled: number;
  /** Bytes of data in an event. */
  readonly size: number;
  /** Events a second. */
  readonly rate: number;
  readonly seconds: number;
}

/** What it says: that all are connected, and what came of it. Delays are in ms, from asking for the event to its last byte at a client. */
export type SlowSaid =
  | 'connected'
  | {
      readonly p50: number;
      readonly p99: number;
      /** Of the events that were due to the clients that read, so many are missing. */
      readonly missing: number;
    };

const AT_ONCE = 50;

const { sse, admin, clients, stalled, size, rate, seconds } = JSON.parse(process.argv[2] ?? '') as SlowLoad;
const say = (said: SlowSaid): void => void process.send?.(said);
const { hostname, port, pathname } = new URL(sse);
const head = `GET ${pathname} HTTP/1.1\r\nHost: localhost:${port}\r\n\r\n`;
const buffer = Buffer.allocUnsafe(256 * 1024);
const events = Math.round(rate * seconds);
const sentAt = new Float64Array(events);
/** In tenths of a millisecond; the last is for all that are longer. */
const delays = new Uint32Array(600_000);
let received = 0;

/** A client that reads. All events have one size, so counting bytes up to a frame's end is enough. */
function reads(): Promise<void> {
  return new Promise((resolve, reject) => {
    let bytes = 0;
    let seen = 0;
    let isOpen = false;
    const callback = (length: number): boolean => {
      bytes += length;
      if (buffer[length - 1] !== 10 || (length > 1 && buffer[length - 2] !== 10)) return true;
      if (!isOpen) {
        isOpen = true;
        bytes = 0;
        resolve();
        return true;
      }
      const now = performance.now();
      for (; bytes >= size; bytes -= size) {
        const delay = Math.round((now - (sentAt[seen++] as number)) * 10);
        const at = Math.min(delay, delays.length - 1);
        delays[at] = (delays[at] as number) + 1;
        received++;
      }
      bytes = 0;
      return true;
    };
    const socket = connect({ port: Number(port), host: hostname, onread: { buffer, callback } });
    socket.on('error', reject);
    socket.write(head);
  });
}

/** A client that reads its opening and nothing more: not even that it was closed. */
function stalls(): Promise<void> {
  return new Promise((resolve) => {
    const socket = connect(Number(port), hostname);
    socket.once('data', () => {
      socket.pause();
      resolve();
    });
    socket.on('error', () => {});
    socket.write(head);
  });
}

let next = 0;
async function openSome(): Promise<void> {
  while (next < clients) await (next++ < stalled ? stalls() : reads());
}
await Promise.all(Array.from({ length: AT_ONCE }, openSome));
say('connected');

const agent = new Agent({ keepAlive: true, maxSockets: 1 });
const url = new URL('broadcast', admin);
const body = 'x'.repeat(size);
let asked = 0;
const began = performance.now();
const publishing = setInterval(() => {
  while (asked < events && asked < ((performance.now() - began) / 1000) * rate) {
    sentAt[asked++] = performance.now();
    request(url, { method: 'POST', agent, headers: { 'content-type': 'text/plain' } }, (response) => void response.resume()).end(
      body,
    );
  }
  if (asked < events) return;
  clearInterval(publishing);
  setTimeout(report, 3000);
}, 5);

function report(): void {
  const quantile = (share: number): number => {
    let count = 0;
    for (const [delay, number] of delays.entries()) {
      count += number;
      if (count > received * share) return delay / 10;
    }
    return Number.NaN;
  };
  say({ p50: quantile(0.5), p99: quantile(0.99), missing: events * (clients - stalled) - received });
}
