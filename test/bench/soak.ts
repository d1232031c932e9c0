import { readFileSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { createParser } from 'eventsource-parser';
import { type Program, startProgram, temporaryFolder } from '../support/program.ts';
import { samplesOf } from '../support/scrape.ts';

/**
 * `npm run soak -- --minutes 10`: publishes to clients that come, go, are slow and are restarted under, and holds each
 * against the promise: every event that is meant for it once and in order, or a gap that says so before anything newer.
 * Ends with 1 if one was broken, or the server's memory grew.
 */
const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    clients: { type: 'string', default: '200' },
    rate: { type: 'string', default: '100' },
  },
});
const LASTS = Number(values.minutes) * 60_000;
const CLIENTS = Number(values.clients);
const RATE = Number(values.rate);
const TOPICS = ['a', 'b', 'c'] as const;
const PROFILES = ['Administrator', 'Guest'] as const;
/** How many events the store keeps, and for how long who is rare stays away, in ms: longer than it takes to publish those. */
const KEPT = 5000;
const ABSENCE = (1.2 * KEPT * 1000) / RATE;
/** MiB an hour that memory may grow by, once it has warmed up; below ten minutes a slope says nothing. */
const SLOPE = 60;

/** What was acknowledged: whom it is for, by sequence. A refused or unanswered publish may be there or not. */
interface Truth {
  readonly number: number;
  readonly topic?: string;
  readonly profile?: string;
}
const truth = new Map<number, Truth>();
/** Publishes that got no answer, by number. */
const unanswered = new Set<number>();
const problems: string[] = [];
const counts = { published: 0, refused: 0, received: 0, gaps: 0, opened: 0, restarts: 0, kills: 0 };
let program: Program;
let isEnding = false;
let isOver = false;

function violated(what: string): void {
  if (problems.push(what) <= 20) process.stderr.write(`VIOLATION: ${what}\n`);
}

function isFor(event: Truth, topics: readonly string[], profile: string): boolean {
  return (
    (event.topic === undefined || topics.includes(event.topic)) && (event.profile === undefined || event.profile === profile)
  );
}

/** A client that comes back by itself, and remembers what it was sent. */
class Client {
  readonly topics = TOPICS.filter(() => Math.random() < 0.4);
  readonly profile = PROFILES[Math.floor(Math.random() * 2)] as string;
  readonly isSlow = Math.random() < 0.1;
  /** Stays away for longer than the store goes back, each time. */
  readonly isRare: boolean;
  /** The last id it was sent; and its sequence, up to which all that is for it has been sent, or told as missed. */
  lastEventId = '';
  seen = -1;
  /** Sequences that are for it and that it was sent. */
  readonly got: number[] = [];
  /** Sequences after the first that were told as missed: from, to. */
  readonly missed: [number, number][] = [];
  first = -1;
  #socket: Socket | undefined;
  #return: NodeJS.Timeout | undefined;

  constructor(index: number) {
    this.isRare = index % 40 === 0;
  }

  /** Comes, if it isn't there. */
  open(): void {
    clearTimeout(this.#return);
    if (isOver || this.#socket?.destroyed === false) return;
    counts.opened++;
    const query = [...this.topics.map((topic) => `topic=${topic}`), `profile=${this.profile}`].join('&');
    const cursor = this.lastEventId === '' ? '' : `Last-Event-ID: ${this.lastEventId}\r\n`;
    const socket = connect(program.port, '127.0.0.1').on('error', () => {});
    this.#socket = socket;
    const parser = createParser({ onEvent: ({ id = '', event = 'message', data }) => this.#take(id, event, data) });
    let head: string | undefined = '';
    socket.setEncoding('utf8').on('data', (text: string) => {
      if (head === undefined) return parser.feed(text);
      head += text;
      const end = head.indexOf('\r\n\r\n');
      if (end < 0) return;
      const rest = head.slice(end + 4);
      head = undefined;
      parser.feed(rest);
    });
    socket.on('close', () => {
      const pause = this.isRare && !isEnding ? ABSENCE : 50;
      this.#return = setTimeout(() => this.open(), pause + Math.random() * 500);
    });
    if (this.isRare) setTimeout(() => !isEnding && socket.destroy(), 2000);
    socket.write(`GET /sse?${query} HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n${cursor}\r\n`);
    if (this.isSlow) this.#dawdle(socket);
  }

  /** Breaks off, and comes back. */
  breakOff(): void {
    this.#socket?.destroy();
  }

  #dawdle(socket: Socket): void {
    if (socket.destroyed) return;
    socket.pause();
    setTimeout(() => socket.resume(), Math.random() * 4000);
    setTimeout(() => this.#dawdle(socket), 5000);
  }

  #take(id: string, type: string, data: string): void {
    const sequence = Number(id.split('-')[1]);
    if (type === 'sse.open' || type === 'sse.gap') {
      if (this.first < 0) this.first = sequence;
      else if (type === 'sse.gap') {
        counts.gaps++;
        this.missed.push([this.seen + 1, sequence]);
      } else if (sequence !== this.seen) violated(`a stream goes on at ${id} without a word, after ${this.seen}`);
    } else if (type === 'message') {
      counts.received++;
      if (sequence <= this.seen) violated(`${id} after ${this.seen}`);
      const number = Number(data.split(':')[0]);
      const event = truth.get(sequence);
      if (event && event.number !== number) violated(`${id} is ${number} and was ${event.number}`);
      this.got.push(sequence);
    } else if (sequence < this.seen) violated(`${type} ${id} after ${this.seen}`);
    this.lastEventId = id;
    this.seen = Math.max(this.seen, sequence);
  }

  /** Whether it was sent all that is acknowledged and for it, but what it was told of. */
  check(): void {
    const got = new Set(this.got);
    if (got.size !== this.got.length) violated('an event came twice');
    for (const [sequence, event] of truth) {
      if (sequence <= this.first || sequence > this.seen) continue;
      const isMeant = isFor(event, this.topics, this.profile);
      const isTold = this.missed.some(([from, to]) => sequence >= from && sequence <= to);
      if (isMeant && !got.has(sequence) && !isTold) violated(`${sequence} never came to one that stands at ${this.seen}`);
      if (!isMeant && got.has(sequence)) violated(`${sequence} came to one that it was not for`);
    }
  }
}

/** Its own memory, without the mapped files of the store, and without the room that V8 keeps for garbage and gives back when it is asked to. */
async function look(): Promise<void> {
  const since = born;
  const samples = samplesOf(await (await fetch(`${program.url}metrics`)).text());
  const slack = (samples.get('nodejs_heap_size_total_bytes') ?? NaN) - (samples.get('nodejs_heap_size_used_bytes') ?? NaN);
  const [, kibibytes] = /^RssAnon:\s+(\d+)/m.exec(readFileSync(`/proc/${program.pid}/status`, 'latin1')) ?? [];
  if (since === born) memory.push([(performance.now() - born) / 60_000, Number(kibibytes) / 1024 - slack / 2 ** 20]);
}

async function publish(number: number): Promise<void> {
  const topic = Math.random() < 0.5 ? TOPICS[Math.floor(Math.random() * 3)] : undefined;
  const profile = Math.random() < 0.3 ? PROFILES[Math.floor(Math.random() * 2)] : undefined;
  const size = Math.random() < 0.05 ? 20_000 : 100;
  try {
    const { id } = await program.publish({
      data: `${number}:`.padEnd(size, 'x'),
      ...(topic !== undefined && { topics: [topic] }),
      ...(profile !== undefined && { filter: { profile } }),
    });
    const sequence = Number(id.split('-')[1]);
    if (truth.has(sequence)) violated(`${id} was given twice`);
    truth.set(sequence, { number, ...(topic !== undefined && { topic }), ...(profile !== undefined && { profile }) });
    counts.published++;
  } catch {
    unanswered.add(number);
    counts.refused++;
  }
}

const cleanups: (() => void | Promise<void>)[] = [];
const folder = temporaryFolder();
const port = await freePort();
const start = () =>
  startProgram({ after: (done) => void cleanups.push(done) }, [
    ...['--port', String(port), '--store', join(folder, 'log'), '--history-events', '500', '--store-events', String(KEPT)],
    ...['--stall-time', '3s', '--heartbeat', '2s', '--drain-time', '2s', '--log-level', 'silent'],
  ]);
program = await start();
const clients = Array.from({ length: CLIENTS }, (_, index) => new Client(index));
for (const client of clients) client.open();

const began = performance.now();
let number = 0;
const memory: [minutes: number, mebibytes: number][] = [];
let born = began;
const timers = [
  setInterval(() => void publish(++number), 1000 / RATE),
  setInterval(() => clients[Math.floor(Math.random() * CLIENTS)]?.breakOff(), 200),
  // Of each process after it has warmed up.
  setInterval(() => void (performance.now() - born > 120_000 && !program.ended && look().catch(() => {})), 2000),
];
// Restarts come in the first third, in turn with and without a goodbye; the rest is one process, whose memory is looked at.
while (performance.now() - began < LASTS) {
  await new Promise((resolve) => setTimeout(resolve, Math.min(15_000, LASTS / 6)));
  if (performance.now() - began > LASTS / 3) continue;
  const isKill = counts.restarts % 2 === 0;
  await program.stop(isKill ? 'SIGKILL' : 'SIGTERM');
  counts.restarts++;
  if (isKill) counts.kills++;
  program = await start();
  born = performance.now();
  memory.length = 0;
}
for (const timer of timers) clearInterval(timer);
const head = Math.max(...truth.keys());
const until = performance.now() + 20_000;
await program.publish({ data: '0:the end' });
isEnding = true;
for (const client of clients) client.open();
const isThere = (client: Client) => client.seen >= head;
while (!clients.every(isThere) && performance.now() < until) await new Promise((resolve) => setTimeout(resolve, 100));
isOver = true;
for (const client of clients) {
  if (!isThere(client)) violated(`a client stands at ${client.seen} of ${head} in the end`);
  client.check();
}
// Else this has shown nothing about gaps.
if (LASTS > 4 * ABSENCE && counts.gaps === 0) violated('nobody was told of a gap');
const slope = slopeOf(memory) * 60;
for (const cleanup of cleanups.reverse()) await cleanup();
const isGrowing = LASTS >= 600_000 && slope > SLOPE;
const [, resident = 0] = memory.at(-1) ?? [];
process.stdout.write(
  `${JSON.stringify({ ...counts, head, clients: CLIENTS, slow: clients.filter(({ isSlow }) => isSlow).length })}\n` +
    `memory by minute: ${byMinute(memory)}\n` +
    `memory: ${resident.toFixed(0)} MiB in the end, slope ${slope.toFixed(1)} MiB an hour over ${memory.length} samples\n` +
    `${problems.length} violations${isGrowing ? ', and memory grows' : ''}\n`,
);
process.exit(problems.length > 0 || isGrowing ? 1 : 0);

/** The mean of each minute, in MiB. */
function byMinute(points: readonly (readonly [number, number])[]): string {
  const minutes = new Map<number, number[]>();
  for (const [at, value] of points) minutes.set(Math.floor(at), [...(minutes.get(Math.floor(at)) ?? []), value]);
  return [...minutes.values()].map((each) => (each.reduce((sum, value) => sum + value, 0) / each.length).toFixed(1)).join(' ');
}

/** Least squares, in MiB a minute. */
function slopeOf(points: readonly (readonly [number, number])[]): number {
  const x = points.reduce((sum, [at]) => sum + at, 0) / points.length;
  const y = points.reduce((sum, [, value]) => sum + value, 0) / points.length;
  const above = points.reduce((sum, [at, value]) => sum + (at - x) * (value - y), 0);
  return above / points.reduce((sum, [at]) => sum + (at - x) ** 2, 0);
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}
