import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import type { Cleanup } from '../support/program.ts';
import { CONTENDERS, type Contender, type PublishForm, type Served } from './contenders.ts';
import { median } from './figures.ts';
import { type Machine, machine } from './machine.ts';
import type { LoadAnswer, LoadOrder } from './peer-load.ts';
import type { Published, PublishOrder } from './peer-publisher.ts';
import { cpuOf, memoryOf, pin } from './process.ts';

/** What is measured of each server. Times in ms, `cpu` in µs of the server for each delivery, memory in KiB. */
export type Measured = Readonly<Record<string, number>>;

/** All that one run found. */
export interface Comparison {
  readonly date: string;
  readonly machine: Machine;
  readonly rounds: number;
  readonly connections: number;
  /** Medians, by contender. */
  readonly results: Readonly<Record<string, Measured>>;
  /** Those that are not here, and those that failed, with the reason. */
  readonly absent: Readonly<Record<string, string>>;
  readonly failed: Readonly<Record<string, string>>;
}

export interface ComparisonOptions extends Cleanup {
  readonly quick: boolean;
  readonly rounds: number;
  /** Names of contenders; none are all. */
  readonly only: readonly string[];
  progress(what: string): void;
}

const CLIENTS = 1000;
/** Events a second at the fixed rate: what every contender can do. */
const RATE = 20;
/** Clients that return, and how many events each has missed. */
const RETURNING = 500;
const MISSED = 500;
const SERVER_CORE = 0;
const LOAD_CORE = 1;

/** Every contender in turn, and that so many times: a machine that is busy for a while is busy for all of them. */
export async function compare(options: ComparisonOptions): Promise<Comparison> {
  const { quick, rounds, only, progress } = options;
  const connections = quick ? 3000 : 15_000;
  const span = quick ? 500 : 2000;
  const absent: Record<string, string> = {};
  const failed: Record<string, string> = {};
  const found = new Map<string, Measured[]>();
  const chosen = CONTENDERS.filter(({ name }) => only.length === 0 || only.includes(name));
  for (const contender of chosen) {
    const reason = contender.whyNot();
    if (reason === undefined) found.set(contender.name, []);
    else absent[contender.name] = reason;
  }
  for (let round = 1; round <= rounds; round++)
    for (const contender of chosen) {
      const { name } = contender;
      if (!found.has(name) || failed[name] !== undefined) continue;
      progress(`${name}, round ${round} of ${rounds}`);
      try {
        found.get(name)?.push({ ...(await busy(contender, options, span)), ...(await crowded(contender, options, connections)) });
      } catch (error) {
        failed[name] = (error as Error).message;
      }
    }
  const results = Object.fromEntries(
    [...found].filter(([name]) => failed[name] === undefined).map(([name, all]) => [name, mediansOf(all)]),
  );
  return { date: new Date().toISOString().slice(0, 10), machine: machine(), rounds, connections, results, absent, failed };
}

function mediansOf(all: readonly Measured[]): Measured {
  const names = Object.keys(all[0] ?? {});
  return Object.fromEntries(names.map((name) => [name, median(all.map((each) => each[name] as number))]));
}

/** Clean-up at the end of a session, and not of the whole run. */
async function session<T>(contender: Contender, outer: Cleanup, work: (served: Served, rig: Rig) => Promise<T>): Promise<T> {
  const rig = new Rig(outer);
  const served = await contender.start(outer);
  try {
    pin(served.pid, SERVER_CORE);
    return await work(served, rig);
  } finally {
    rig.end();
    await served.stop();
  }
}

/** The load and the publishers, as processes that are asked. */
class Rig {
  readonly #load: ChildProcess;
  readonly #publisher: ChildProcess;

  constructor(t: Cleanup) {
    const start = (file: URL): ChildProcess => {
      const child = fork(file, { execArgv: ['--import', 'tsx'] });
      pin(child.pid as number, LOAD_CORE);
      t.after(() => void child.kill('SIGKILL'));
      return child;
    };
    this.#load = start(new URL('peer-load.ts', import.meta.url));
    this.#publisher = start(new URL('peer-publisher.ts', import.meta.url));
  }

  end(): void {
    this.#load.kill('SIGKILL');
    this.#publisher.kill('SIGKILL');
  }

  async load(order: LoadOrder): Promise<LoadAnswer> {
    const answer = await ask<LoadAnswer>(this.#load, order);
    if (answer.failed) throw new Error(`a client: ${answer.failed}`);
    return answer;
  }

  async open(port: number, path: string, count: number, lastEventId?: string): Promise<LoadAnswer> {
    const from = lastEventId === undefined ? {} : { lastEventId };
    const answer = await this.load({ open: { port, path, count, first: 0, ...from } });
    if (answer.clients !== count) throw new Error(`of ${count} clients ${answer.clients} were let in`);
    return answer;
  }

  async publish(order: PublishOrder): Promise<number> {
    const { accepted, failed } = await ask<Published>(this.#publisher, order);
    if (failed) throw new Error(`a publisher: ${failed}`);
    return accepted;
  }

  /** Waits until all have come. */
  async all(deliveries: number): Promise<LoadAnswer> {
    const answer = await this.load({ await: deliveries });
    if (answer.deliveries !== deliveries) throw new Error(`${answer.deliveries} deliveries, not ${deliveries}`);
    return answer;
  }
}

async function ask<T>(child: ChildProcess, order: object): Promise<T> {
  const answered = once(child, 'message');
  child.send(order);
  const [answer] = (await answered) as [T];
  return answer;
}

/** Events in all the ways in which they are sent, to 1 000 clients. */
function busy(contender: Contender, t: Cleanup, span: number): Promise<Measured> {
  return session(contender, t, async (served, rig) => {
    const { port, pid, stream, ownStream, toAll, toOne } = served;
    await rig.open(port, stream, CLIENTS);
    const sending = async (
      name: string,
      order: { publishers: number; span: number; rate?: number },
      form: PublishForm = toAll,
      each = CLIENTS,
    ): Promise<Measured> => {
      await rig.load({ reset: true });
      const before = cpuOf(pid);
      const accepted = await rig.publish({ port, form, clients: CLIENTS, ...order });
      const { deliveries, p50, p99, took } = await rig.all(accepted * each);
      const cpu = ((cpuOf(pid) - before) * 1e6) / deliveries;
      return { [`${name}Cpu`]: cpu, [`${name}Rate`]: (deliveries * 1000) / took, [`${name}P50`]: p50, [`${name}P99`]: p99 };
    };
    // The machine code is still being made.
    await sending('warm', { publishers: 4, span: span / 2 });
    const figures = {
      ...(await sending('closed', { publishers: 1, span })),
      ...(await sending('sixteen', { publishers: 16, span })),
      ...(await sending('paced', { publishers: 4, span, rate: RATE })),
    };
    await rig.load({ close: true });
    await rig.open(port, ownStream, CLIENTS);
    // After some thousands of them, it is made; a server runs for longer than that.
    await sending('warm', { publishers: 1, span: 2 * span }, toOne, 1);
    const targeted = await sending('targeted', { publishers: 1, span: span / 2 }, toOne, 1);
    await rig.load({ close: true });
    return { ...figures, ...targeted, ...(contender.replays && (await storm(served, rig))) };
  });
}

/** Clients that return all at once for what they missed. */
async function storm({ port, pid, stream, toAll }: Served, rig: Rig): Promise<Measured> {
  await rig.open(port, stream, 1);
  await rig.publish({ port, form: toAll, publishers: 1, count: 1, clients: CLIENTS });
  const { lastId } = await rig.all(1);
  await rig.load({ close: true });
  await rig.publish({ port, form: toAll, publishers: 4, count: MISSED, clients: CLIENTS });
  const before = cpuOf(pid);
  await rig.open(port, stream, RETURNING, lastId);
  const { deliveries, took } = await rig.all(RETURNING * MISSED);
  return { stormCpu: ((cpuOf(pid) - before) * 1e6) / deliveries, stormRate: (deliveries * 1000) / took, stormTook: took };
}

/** What many connections cost that get nothing, in a server that has just been started. */
function crowded(contender: Contender, t: Cleanup, connections: number): Promise<Measured> {
  return session(contender, t, async ({ port, pid, stream }, rig) => {
    await delay(300);
    const [rss, cpu] = [memoryOf(pid, 'VmRSS'), cpuOf(pid)];
    const { took } = await rig.open(port, stream, connections);
    await delay(500);
    return {
      memory: ((memoryOf(pid, 'VmRSS') - rss) * 1024) / connections,
      connects: (connections * 1000) / took,
      connectCpu: ((cpuOf(pid) - cpu) * 1e6) / connections,
    };
  });
}
