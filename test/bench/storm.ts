import assert from 'node:assert/strict';
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { createParser } from 'eventsource-parser';
import { type Program, startProgram, temporaryFolder } from '../support/program.ts';
import type { Bench } from './bench.ts';
import type { Load } from './dashboard-clients.ts';
import { type Figure, quantile } from './figures.ts';
import { forgetPeak, memoryOf } from './process.ts';
import { publisher } from './publisher.ts';
import type { Report, Returning } from './storm-clients.ts';

/** Those that come back after a restart, and what they missed. */
const RESTART = { clients: 2000, missed: 10_000 };
/** Those that come back to a server that went on. */
const DROP = { clients: 15_000, missed: 1000, within: 30 };
const LIVE = 10;
/** Time between publishes while the storm lasts, in ms. */
const PAUSE = 200;
/** Longest that the storm may last, in ms. */
const PATIENCE = 180_000;

/** Clients that return at once. */
interface Storm {
  readonly clients: number;
  readonly missed: number;
  /** All are to have all by then, in s. */
  readonly within?: number;
  readonly lastEventId: string;
  /** A file with what each of them has missed, as bytes. */
  readonly expected: string;
  /** What the server had resident before, in MiB. */
  readonly rss: number;
}

/** A restart of the server with many clients, all of which come back at once from behind its history. */
export async function storm(bench: Bench): Promise<Figure[]> {
  const { clients, missed } = RESTART;
  bench.progress(`a log that ${clients} clients have missed ${missed} events of`);
  const folder = temporaryFolder();
  const args = ['--store', join(folder, 'log'), '--history-events', '100', '--log-level', 'silent', '--stall-time', '60s'];
  const before = await startProgram(bench, args);
  const lastEventId = await miss(bench, before, missed);
  const expected = join(folder, 'expected');
  writeFileSync(expected, await replay(before.sse, lastEventId, missed));
  await before.stop();

  const program = await startProgram(bench, args);
  const rss = memoryOf(program.pid, 'VmRSS');
  return comeBack(bench, program, { clients, missed, lastEventId, expected, rss });
}

/** Many clients are cut off and come back at once, from within the history, to a server that went on. */
export async function drop(bench: Bench): Promise<Figure[]> {
  const { clients, missed, within } = DROP;
  bench.progress(`${clients} clients`);
  const args = ['--max-clients', String(clients + 100), '--history-events', '2000', '--log-level', 'silent'];
  const program = await startProgram(bench, args);
  const { sse, admin, pid } = program;
  const load: Load = { sse, admin, clients, chosen: 0, rate: 0 };
  const child = fork(new URL('dashboard-clients.ts', import.meta.url), [JSON.stringify(load)], { execArgv: ['--import', 'tsx'] });
  bench.after(() => void child.kill('SIGKILL'));
  await once(child, 'message');
  const rss = memoryOf(pid, 'VmRSS');
  child.kill('SIGKILL'); // Which closes all its sockets.
  const stats = async () => (await fetch(new URL('/admin/stats', admin))).json() as Promise<{ clients: { total: number } }>;
  while ((await stats()).clients.total > 0) await new Promise((resolve) => setTimeout(resolve, 50));

  bench.progress(`they miss ${missed} events`);
  const lastEventId = await miss(bench, program, missed);
  const expected = join(temporaryFolder(), 'expected');
  writeFileSync(expected, await replay(sse, lastEventId, missed));
  return comeBack(bench, program, { clients, missed, within, lastEventId, expected, rss });
}

/** Publishes what is missed. @returns the id of the event before it */
async function miss(bench: Bench, { admin }: Program, missed: number): Promise<string> {
  const publish = publisher(bench, admin);
  const lastEventId = await publish('the last that they saw');
  for (let sent = 0; sent < missed; sent += 50)
    await Promise.all(Array.from({ length: 50 }, (_, index) => publish(`${sent + index}:`.padEnd(100, 'x'))));
  return lastEventId;
}

async function comeBack(bench: Bench, program: Program, storm: Storm): Promise<Figure[]> {
  const { clients, missed, within, lastEventId, expected, rss } = storm;
  const { pid } = program;
  const live = await Promise.all(Array.from({ length: LIVE }, () => LiveClient.open(bench, program.sse)));
  forgetPeak(pid);

  bench.progress('the storm');
  const returning: Returning = { url: program.sse, clients, lastEventId, expected };
  const child = fork(new URL('storm-clients.ts', import.meta.url), [JSON.stringify(returning)], {
    execArgv: ['--import', 'tsx'],
  });
  bench.after(() => void child.kill('SIGKILL'));
  const ready = once(child, 'message', { signal: AbortSignal.timeout(PATIENCE) });
  const [delays, report] = await publishUntilOver(program, bench, live, child, ready);
  const growth = memoryOf(pid, 'VmHWM') - rss;
  child.kill('SIGKILL');
  return [
    {
      what: `of ${clients} clients that return at once, complete, in order, once`,
      value: report.complete,
      unit: '',
      atLeast: clients,
    },
    { what: '  broken', value: report.broken.length, unit: '', atMost: 0 },
    { what: '  time until all had all', value: report.seconds, unit: 's', ...(within !== undefined && { atMost: within }) },
    { what: '  events a second', value: (clients * missed) / report.seconds, unit: '/s' },
    { what: '  server, resident before', value: rss, unit: 'MiB' },
    { what: '  growth at its peak', value: growth, unit: 'MiB', atMost: 100 },
    { what: `  publishes meanwhile to ${LIVE} live clients`, value: delays.length / LIVE, unit: '', atLeast: 1 },
    { what: '  from asking to delivery, p50', value: quantile(delays, 0.5), unit: 'ms' },
    { what: '  longest', value: Math.max(...delays), unit: 'ms', ...(within === undefined && { atMost: 1000 }) },
  ];
}

/** Publishes now and then while the clients return, and tells them the last sequence that they must have in the end. */
async function publishUntilOver(
  program: Program,
  bench: Bench,
  live: readonly LiveClient[],
  child: ChildProcess,
  returned: Promise<unknown>,
): Promise<[delays: number[], report: Report]> {
  const publish = publisher(bench, program.admin);
  const delays: number[] = [];
  const over = returned.then(() => true);
  let last = 0;
  for (let probe = 0, isOver = false; !isOver; probe++) {
    const began = performance.now();
    const [id, ...times] = await Promise.all([
      publish(`probe-${probe};`),
      ...live.map((client) => client.has(`probe-${probe};`)),
    ]);
    last = Number(id.split('-')[1]);
    for (const time of times) delays.push(time - began);
    isOver = await Promise.race([over, new Promise<false>((resolve) => setTimeout(() => resolve(false), PAUSE))]);
  }
  const told = once(child, 'message', { signal: AbortSignal.timeout(PATIENCE) });
  child.send(last);
  const [report] = (await told) as [Report];
  for (const broken of report.broken.slice(0, 3)) bench.progress(`broken: ${broken}`);
  return [delays, report];
}

/** What a client that returns is sent after its opening, as bytes, which another project's parser has found to be all there is. */
async function replay(url: string, lastEventId: string, missed: number): Promise<Buffer> {
  const response = await fetch(url, { headers: { 'last-event-id': lastEventId } });
  const first = Number(lastEventId.split('-')[1]) + 1;
  let next = first;
  const parser = createParser({
    onEvent: ({ id, event }) => {
      if (event === 'sse.open') return;
      assert.equal(event, undefined);
      assert.equal(id, `${lastEventId.split('-')[0]}-${next++}`);
    },
  });
  const parts: Uint8Array[] = [];
  const decoder = new TextDecoder();
  for await (const part of response.body as ReadableStream<Uint8Array>) {
    parts.push(part);
    parser.feed(decoder.decode(part, { stream: true }));
    if (next === first + missed) break;
  }
  const bytes = Buffer.concat(parts);
  return bytes.subarray(bytes.indexOf('\n\n') + 2);
}

/** A client at the head, which notes when something reaches it. */
class LiveClient {
  #text = '';
  #told: () => void = () => {};

  static async open(bench: Bench, url: string): Promise<LiveClient> {
    const { hostname, port, pathname } = new URL(url);
    const client = new LiveClient();
    const socket = connect(Number(port), hostname);
    bench.after(() => void socket.destroy());
    socket.write(`GET ${pathname} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
    socket.setEncoding('latin1').on('data', (text: string) => {
      client.#text = (client.#text + text).slice(-10_000);
      client.#told();
    });
    await client.has('sse.open');
    return client;
  }

  /** When it had it, on the clock of `performance`. */
  async has(text: string): Promise<number> {
    while (!this.#text.includes(text))
      await new Promise<void>((resolve) => {
        this.#told = resolve;
      });
    return performance.now();
  }
}
