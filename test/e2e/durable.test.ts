import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type ClientRequest, get, type IncomingMessage } from 'node:http';
import { describe, it } from 'node:test';
import { createParser } from 'eventsource-parser';
import { type Program, startProgram, temporaryFolder } from '../support/program.ts';

/** Crashes of the real program on a real disk: what was acknowledged is there, whatever came between. */

const ROUNDS = Number(process.env.ROUNDS ?? 5);
const CLIENTS = 20;

/** Comes back by itself with its last id until it is closed, and notes the sequence of every event. */
class Follower {
  readonly sequences: number[] = [];
  readonly gaps: string[] = [];
  #lastId = '';
  #request: ClientRequest | undefined;
  #closed = false;
  #told: () => void = () => {};

  constructor(url: string) {
    void this.#follow(url);
  }

  close(): void {
    this.#closed = true;
    this.#request?.destroy();
  }

  async has(sequence: number): Promise<void> {
    while ((this.sequences.at(-1) ?? 0) < sequence)
      await new Promise<void>((resolve) => {
        this.#told = resolve;
      });
  }

  async #follow(url: string): Promise<void> {
    while (!this.#closed) {
      const headers = this.#lastId === '' ? {} : { 'last-event-id': this.#lastId };
      this.#request = get(url, { agent: false, headers });
      try {
        const [response] = (await once(this.#request, 'response')) as [IncomingMessage];
        const parser = createParser({
          onEvent: ({ id = '', event }) => {
            this.#lastId = id;
            if (event === 'sse.gap') this.gaps.push(id);
            if (!event?.startsWith('sse.')) this.sequences.push(Number(id.split('-')[1]));
            this.#told();
          },
        });
        for await (const chunk of response.setEncoding('utf8')) parser.feed(chunk as string);
      } catch {
        // Refused or reset: the server is being killed or not there yet. The next turn tries again.
        await new Promise((resolve) => setImmediate(resolve));
      }
    }
  }
}

describe('a durable log', () => {
  it(`loses nothing that was acknowledged over ${ROUNDS} crashes, and doubles nothing`, { timeout: 600_000 }, async (t) => {
    const folder = temporaryFolder(t);
    const args = ['--store', `${folder}/log`, '--log-level', 'warn'];
    let program = await startProgram(t, args);
    const { port, sse } = program;
    const followers = Array.from({ length: CLIENTS }, () => new Follower(sse));
    t.after(() => {
      for (const follower of followers) follower.close();
    });
    const acknowledged = new Map<number, string>();
    for (let round = 0; round < ROUNDS; round++) {
      await publishUntilKilled(program, acknowledged, 150 + round * 10);
      program = await startProgram(t, [...args, '--port', String(port)]);
    }
    const { id } = await program.publish({ data: 'the end' });
    const last = Number(id.split('-')[1]);
    await Promise.all(followers.map((follower) => follower.has(last)));
    const everyone = followers.map(({ sequences }) => sequences);
    for (const [index, sequences] of everyone.entries()) {
      assert.deepEqual(followers[index]?.gaps, []);
      const first = sequences[0] ?? 0;
      assert.deepEqual(
        sequences,
        Array.from({ length: last - first + 1 }, (_, i) => first + i),
        'each once, in order, without a hole',
      );
    }
    assert(acknowledged.size > ROUNDS * 50, `${acknowledged.size} acknowledged`);
    const kept = await dataOf(`${sse}?since=earliest`, last);
    for (const [sequence, data] of acknowledged) assert.equal(kept.get(sequence), data);
    t.diagnostic(`${ROUNDS} crashes, ${acknowledged.size} acknowledged, ${last} in the log, ${CLIENTS} clients without loss`);
  });
});

/** Publishes with 16 in flight and kills the program in the midst of it, after so many were acknowledged. */
async function publishUntilKilled(program: Program, acknowledged: Map<number, string>, count: number): Promise<void> {
  let done = 0;
  let killed = false;
  const publisher = async (): Promise<void> => {
    while (!killed) {
      const data = `${done}-${Math.random()}`;
      try {
        const { id } = await program.publish({ data });
        const sequence = Number(id.split('-')[1]);
        assert(!acknowledged.has(sequence), `${id} was given twice`);
        acknowledged.set(sequence, data);
        if (++done === count) {
          killed = true;
          program.child.kill('SIGKILL');
        }
      } catch (error) {
        if (!killed) throw error;
      }
    }
  };
  await Promise.all(Array.from({ length: 16 }, publisher));
  await program.exit;
}

async function dataOf(url: string, last: number): Promise<Map<number, string>> {
  const found = new Map<number, string>();
  const request = get(url, { agent: false });
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  const parser = createParser({
    onEvent: ({ id = '', event, data }) => {
      if (!event?.startsWith('sse.')) found.set(Number(id.split('-')[1]), data);
    },
  });
  for await (const chunk of response.setEncoding('utf8')) {
    parser.feed(chunk as string);
    if (found.has(last)) break;
  }
  request.destroy();
  return found;
}
