import { connect, type Socket } from 'node:net';

/*
 * Clients that count, in a process of their own. All clients of one server are sent the same bytes: what was found in a
 * read is kept, and the next read that is the same is not looked at again. So the server is what is measured.
 */

/** What this process is told. */
export type LoadOrder =
  | { readonly open: { port: number; path: string; count: number; first: number; lastEventId?: string } }
  | { readonly await: number }
  | { readonly close: true }
  | { readonly reset: true };

/** What it answers. Times are in ms, latencies too. */
export interface LoadAnswer {
  readonly clients: number;
  readonly deliveries: number;
  readonly p50: number;
  readonly p99: number;
  /** From the order (or the last reset) to the last delivery, or to the last client that was let in. */
  readonly took: number;
  /** The last id that was seen on a stream. */
  readonly lastId: string;
  readonly failed: string;
}

/** So many connect at a time. */
const AT_ONCE = 256;
/** Looking for a free port of an address takes the longer the more are taken, also by connections that are over: so there are several, and others each time. */
const PER_ADDRESS = 1000;
const NETWORK = `127.${1 + (process.pid % 250)}.${Math.floor(process.pid / 250) % 250}`;
/** No delivery for so long, in ms: nothing more comes. */
const SILENCE = 5000;
/** Latencies are counted in steps of 0.02 ms, up to 20 s. */
const STEPS_PER_MS = 50;
const MARK = 'T='.length + 19;
const SEMICOLON = 0x3b;
const LINE_FEED = 0x0a;

/** `process.hrtime`, which is the same for all processes, less `performance.now`, which costs less. In ms. */
// The first calls take their time, and whatever passes between the two is missing: the largest of several is the best.
const OFFSET = Math.max(...Array.from({ length: 100 }, () => Number(process.hrtime.bigint()) / 1e6 - performance.now()));
const latencies = new Uint32Array(20_000 * STEPS_PER_MS);
const buffer = Buffer.allocUnsafe(256 * 1024);
let sockets: Socket[] = [];
let opened = 0;
let deliveries = 0;
let began = 0;
let last = 0;
let lastId = '';
let failed = '';
let expected = Infinity;
let changed = (): void => {};

/** What the last read that was looked at had in it: its bytes, and when its events were published. */
let known = Buffer.alloc(0);
let stamps: number[] = [];

/** Counts the events in a read. @returns what is left behind the last whole line */
function take(bytes: Buffer): Buffer | undefined {
  const whole = bytes[bytes.length - 1] === LINE_FEED;
  if (!whole || bytes.length !== known.length || bytes.compare(known) !== 0) look(bytes);
  if (stamps.length === 0) return whole ? undefined : rest(bytes);
  const now = performance.now();
  for (const stamp of stamps) {
    const step = Math.max(0, Math.round((now - stamp) * STEPS_PER_MS));
    const bucket = Math.min(step, latencies.length - 1);
    latencies[bucket] = (latencies[bucket] as number) + 1;
  }
  deliveries += stamps.length;
  last = now;
  if (deliveries >= expected) changed();
  return whole ? undefined : rest(bytes);
}

function look(bytes: Buffer): void {
  known = Buffer.from(bytes);
  stamps = [];
  for (let at = bytes.indexOf(SEMICOLON); at >= 0; at = bytes.indexOf(SEMICOLON, at + 1)) {
    const text = bytes.toString('latin1', Math.max(0, at - MARK), at);
    if (/^T=\d{19}$/.test(text)) stamps.push(Number(BigInt(text.slice(2))) / 1e6 - OFFSET);
  }
  const id = bytes.lastIndexOf('id:');
  const end = bytes.indexOf(LINE_FEED, id);
  if (id >= 0 && end > id) lastId = bytes.toString('latin1', id + 'id:'.length, end).trim();
}

/** A read that ends in the middle of a line is put together with the next, without what was counted. */
function rest(bytes: Buffer): Buffer {
  return Buffer.from(bytes.subarray(bytes.lastIndexOf(SEMICOLON) + 1));
}

function open({ port, path, count, first, lastEventId }: Extract<LoadOrder, { open: unknown }>['open']): void {
  let next = 0;
  const cursor = lastEventId === undefined ? '' : `Last-Event-ID: ${lastEventId}\r\n`;
  const openNext = (): void => {
    if (next === count) return;
    const number = first + next++;
    let head = '';
    let isOpen = false;
    let carry: Buffer | undefined;
    const callback = (length: number): boolean => {
      let bytes = buffer.subarray(0, length);
      if (!isOpen) {
        head += bytes.toString('latin1');
        const end = head.indexOf('\r\n\r\n');
        if (end < 0) return true;
        isOpen = true;
        if (!head.startsWith('HTTP/1.1 200')) failed ||= head.slice(0, 200);
        bytes = Buffer.from(head.slice(end + 4), 'latin1');
        head = '';
        last = performance.now();
        opened++;
        openNext();
        changed();
        if (bytes.length === 0) return true;
      }
      if (carry) bytes = Buffer.concat([carry, bytes]);
      carry = take(bytes);
      return true;
    };
    const localAddress = `${NETWORK}.${2 + (Math.floor(number / PER_ADDRESS) % 250)}`;
    const socket = connect({ port, host: '127.0.0.1', localAddress, noDelay: true, onread: { buffer, callback } });
    socket.on('error', (error) => {
      failed ||= error.message;
      changed();
    });
    sockets.push(socket);
    socket.write(
      `GET ${path.replace('{n}', String(number))} HTTP/1.1\r\nHost: localhost:${port}\r\nAccept: text/event-stream\r\n${cursor}\r\n`,
    );
  };
  for (let each = 0; each < AT_ONCE; each++) openNext();
}

function reset(): void {
  deliveries = 0;
  latencies.fill(0);
  began = performance.now();
  last = began;
}

/** Settles when a condition holds, something failed, or nothing came for too long. */
function until(holds: () => boolean): Promise<void> {
  return new Promise((resolve) => {
    const check = (): void => {
      const silent = performance.now() - Math.max(last, asked) > SILENCE;
      if (!holds() && failed === '' && !silent) return;
      clearInterval(timer);
      changed = () => {};
      resolve();
    };
    const asked = performance.now();
    const timer = setInterval(check, 100);
    changed = check;
    check();
  });
}

function quantile(share: number): number {
  let left = Math.max(1, Math.ceil(deliveries * share));
  for (const [step, count] of latencies.entries()) {
    left -= count;
    if (left <= 0) return step / STEPS_PER_MS;
  }
  return Number.NaN;
}

async function obey(order: LoadOrder): Promise<void> {
  if ('open' in order) {
    reset();
    const target = opened + order.open.count;
    open(order.open);
    await until(() => opened >= target);
  } else if ('await' in order) {
    expected = order.await;
    await until(() => deliveries >= expected);
    expected = Infinity;
  } else if ('close' in order) {
    for (const socket of sockets) socket.destroy();
    sockets = [];
    opened = 0;
  } else reset();
  const answer: LoadAnswer = {
    clients: opened,
    deliveries,
    p50: quantile(0.5),
    p99: quantile(0.99),
    took: last - began,
    lastId,
    failed,
  };
  process.send?.(answer);
}

process.on('message', (order: LoadOrder) => void obey(order));
process.once('disconnect', () => process.exit());
