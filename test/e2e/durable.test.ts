import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Agent, type ClientRequest, get, type IncomingMessage, request } from 'node:http';
import { describe, it } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { createParser, type EventSourceMessage } from 'eventsource-parser';
import { median } from '../bench/figures.ts';
import { type Program, startProgram, temporaryFolder } from '../support/program.ts';

/** Crashes of the real program on a real disk: what was acknowledged is there, whatever came between. */

const ROUNDS = Number(process.env.ROUNDS ?? 5);
const CLIENTS = 20;
/** Publishes a second, whether or not the former ones were answered; but no more than so many wait at a time. */
const RATE = 1000;
const IN_FLIGHT = 64;
/** A client that was away returns so many events back. */
const BACK = 50;
/** How soon clients come back, in ms. */
const RECONNECT = 10;

/** Comes back by itself with its last id until it is closed. */
class Returning {
  readonly #take: (message: EventSourceMessage) => void;
  #lastId: string;
  #request: ClientRequest | undefined;
  #closed = false;

  constructor(url: string, take: (message: EventSourceMessage) => void, lastId = '') {
    this.#take = take;
    this.#lastId = lastId;
    void this.#follow(url);
  }

  close(): void {
    this.#closed = true;
    this.#request?.destroy();
  }

  async #follow(url: string): Promise<void> {
    while (!this.#closed) {
      const headers = this.#lastId === '' ? {} : { 'last-event-id': this.#lastId };
      this.#request = get(url, { agent: false, headers });
      try {
        const [response] = (await once(this.#request, 'response')) as [IncomingMessage];
        const parser = createParser({
          onEvent: (message) => {
            this.#lastId = message.id ?? '';
            this.#take(message);
          },
        });
        for await (const chunk of response.setEncoding('utf8')) parser.feed(chunk as string);
      } catch {
        // Refused or reset: the server is being killed or not there yet. The next turn tries again.
      }
      await pause(RECONNECT);
    }
  }
}

/** Notes every event. */
class Follower {
  readonly ids: string[] = [];
  readonly gaps: string[] = [];
  /** Settles when the first stream is open. */
  readonly opened: Promise<void>;
  readonly #client: Returning;
  #told: () => void = () => {};

  constructor(url: string) {
    let open = () => {};
    this.opened = new Promise((resolve) => {
      open = resolve;
    });
    this.#client = new Returning(url, ({ id = '', event }) => {
      open();
      if (event === 'sse.gap') this.gaps.push(id);
      if (!event?.startsWith('sse.')) this.ids.push(id);
      this.#told();
    });
  }

  close(): void {
    this.#client.close();
  }

  async has(id: string): Promise<void> {
    while (this.ids.at(-1) !== id)
      await new Promise<void>((resolve) => {
        this.#told = resolve;
      });
  }
}

function sequenceOf(id: string): number {
  return Number(id.split('-')[1]);
}

describe('a durable log', () => {
  it(`loses nothing that was acknowledged over ${ROUNDS} crashes, and doubles nothing`, { timeout: 1_200_000 }, async (t) => {
    const folder = temporaryFolder();
    const args = ['--store', `${folder}/log`];
    let program = await startProgram(t, args);
    const { port, sse } = program;
    const followers = Array.from({ length: CLIENTS }, () => new Follower(sse));
    t.after(() => {
      for (const follower of followers) follower.close();
    });
    await Promise.all(followers.map(({ opened }) => opened));
    const acknowledged = new Map<number, string>();
    const rates: number[] = [];
    const resumes: number[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      rates.push(await publishUntilKilled(program, acknowledged, 300 + (round % 10) * 40));
      const away = new Replay(sse, followers[0]?.ids.at(-BACK) ?? '');
      program = await startProgram(t, [...args, '--port', String(port)]);
      const { time } = await program.logged({ msg: /^listening at/ });
      resumes.push((await away.began) - Date.parse(String(time)));
      away.close();
    }
    const { id } = await program.publish({ data: 'the end' });
    const last = sequenceOf(id);
    await Promise.all(followers.map((follower) => follower.has(id)));
    for (const { ids, gaps } of followers) {
      assert.deepEqual(gaps, []);
      assert.deepEqual(
        ids.map(sequenceOf),
        Array.from({ length: last }, (_, i) => 1 + i),
        'each once, in order, without a hole',
      );
      assert.deepEqual(ids, followers[0]?.ids, 'and no id is given twice');
    }
    assert(acknowledged.size > ROUNDS * 200, `${acknowledged.size} acknowledged`);
    const kept = await dataOf(`${sse}?since=earliest`, last);
    for (const [sequence, data] of acknowledged) assert.equal(kept.get(sequence), data);
    t.diagnostic(`${ROUNDS} crashes, ${acknowledged.size} acknowledged, ${last} in the log, ${CLIENTS} clients without loss`);
    t.diagnostic(`acknowledged ${median(rates).toFixed(0)} a second, ${Math.min(...rates).toFixed(0)} in the slowest round`);
    const slowest = Math.max(...resumes);
    t.diagnostic(`first replayed event ${median(resumes)} ms after the listening line, ${slowest} ms in the slowest round`);
    assert(slowest < 500, `${slowest} ms`);
  });
});

/** A client that has been away since well before a crash: it has something to be told, whatever the others have got by now. */
class Replay {
  /** When its first replayed event was there, in ms since 1970. */
  readonly began: Promise<number>;
  #client: Returning | undefined;

  constructor(url: string, lastId: string) {
    this.began = new Promise((resolve) => {
      const take = ({ event }: EventSourceMessage) => void (event?.startsWith('sse.') || resolve(Date.now()));
      this.#client = new Returning(url, take, lastId);
    });
  }

  close(): void {
    this.#client?.close();
  }
}

/**
 * Publishes at a rate and kills the program in the midst of it, after so many were acknowledged.
 * @returns how many were acknowledged a second
 */
async function publishUntilKilled(program: Program, acknowledged: Map<number, string>, count: number): Promise<number> {
  const agent = new Agent({ keepAlive: true, maxSockets: IN_FLIGHT });
  const started = performance.now();
  let [asked, done, waiting, took] = [0, 0, 0, 0];
  const publish = async (data: string): Promise<void> => {
    waiting++;
    try {
      const { id } = await post(`${program.admin}broadcast`, data, agent);
      const sequence = sequenceOf(id);
      assert(!acknowledged.has(sequence), `${id} was given twice`);
      acknowledged.set(sequence, data);
      if (++done === count) {
        took = performance.now() - started;
        program.child.kill('SIGKILL');
      }
    } catch (error) {
      if (took === 0) throw error;
    } finally {
      waiting--;
    }
  };
  const published: Promise<void>[] = [];
  while (took === 0) {
    const due = ((performance.now() - started) * RATE) / 1000;
    for (; asked < due && waiting < IN_FLIGHT; asked++) published.push(publish(`${asked}-${Math.random()}`));
    await pause(1);
  }
  await Promise.all(published);
  await program.exit;
  agent.destroy();
  return (count * 1000) / took;
}

async function post(url: string, data: string, agent: Agent): Promise<{ id: string }> {
  const asking = request(url, { method: 'POST', agent, headers: { 'content-type': 'text/plain' } }).end(data);
  const [response] = (await once(asking, 'response')) as [IncomingMessage];
  let body = '';
  for await (const chunk of response.setEncoding('utf8')) body += chunk as string;
  if (response.statusCode !== 202) throw new Error(`${response.statusCode}: ${body}`);
  return JSON.parse(body) as { id: string };
}

async function dataOf(url: string, last: number): Promise<Map<number, string>> {
  const found = new Map<number, string>();
  const asking = get(url, { agent: false });
  const [response] = (await once(asking, 'response')) as [IncomingMessage];
  const parser = createParser({
    onEvent: ({ id = '', event, data }) => {
      if (!event?.startsWith('sse.')) found.set(sequenceOf(id), data);
    },
  });
  for await (const chunk of response.setEncoding('utf8')) {
    parser.feed(chunk as string);
    if (found.has(last)) break;
  }
  asking.destroy();
  return found;
}
