import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { Agent, get, request } from 'node:http';
import { describe, it, type TestContext } from 'node:test';
import { createEventSource } from 'eventsource-client';
import { createParser } from 'eventsource-parser';
import { type Program, startProgram, Waiting } from '../support/program.ts';
import { Relay } from '../support/relay.ts';

const EVENTS = 1600;
const SIZE = 64 * 1024;
const OTHERS = 3;
/** How much more memory a client that stops reading may cost. */
const ALLOWANCE = 32;

/** What a client got: the numbers of the events, and not their 100 MB. */
class Numbers {
  readonly seen: number[] = [];
  readonly gaps: { missed: number; reason: string; from: string; requested: string }[] = [];
  /** How its connection broke, if it did. */
  broken: Error | undefined;
  readonly #waiting = new Waiting(
    () => `${this.seen.length} events, the last is ${this.seen.at(-1)}; gaps: ${JSON.stringify(this.gaps)}`,
  );

  readonly take = ({ event, data }: { event?: string | undefined; data: string }): void => {
    if (event === 'sse.gap') this.gaps.push(JSON.parse(data));
    else if (!event?.startsWith('sse.')) this.seen.push(Number.parseInt(data, 10));
    this.#waiting.changed();
  };

  readonly break = (error: Error): void => {
    this.broken = error;
    this.#waiting.changed();
  };

  until(what: string, condition: () => boolean): Promise<boolean> {
    return this.#waiting.until(what, () => {
      if (this.broken) throw new Error(`broken off after ${this.seen.length} events`, { cause: this.broken });
      return condition();
    });
  }
}

function reads(t: TestContext, url: string): Numbers {
  const numbers = new Numbers();
  const parser = createParser({ onEvent: numbers.take });
  const stream = get(url, { agent: false }, (response) => {
    response.setEncoding('utf8').on('data', (text: string) => parser.feed(text));
    response.on('error', numbers.break);
  }).on('error', numbers.break);
  t.after(() => void stream.destroy());
  return numbers;
}

/** Publishes 100 MB over a few connections, in order. */
async function publishAll({ admin }: Program): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const body = 'x'.repeat(SIZE - 8);
  const post = (n: number) =>
    new Promise<void>((resolve, reject) => {
      const headers = { 'content-type': 'text/plain' };
      request(`${admin}broadcast`, { method: 'POST', agent, headers }, (response) => {
        response
          .resume()
          .on('end', () => (response.statusCode === 202 ? resolve() : reject(new Error(`${response.statusCode}`))));
      })
        .on('error', reject)
        .end(String(n).padStart(8, '0') + body);
    });
  for (let n = 1; n <= EVENTS; n++) await post(n);
  agent.destroy();
}

/** The highest the resident set has been, in MiB. */
function peakMemory({ pid }: Program): number {
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;
}

interface Run {
  readonly program: Program;
  /** In MiB. */
  readonly peak: number;
  readonly relay: Relay;
  readonly stalled: Numbers;
}

/** A run with 100 MB of events, with or without a client that stops reading. */
async function broadcast(t: TestContext, withStalled: boolean): Promise<Run> {
  const program = await startProgram(t, ['--retry', '500ms', '--stall-time', '1h']);
  const others = Array.from({ length: OTHERS }, () => reads(t, program.sse));
  const relay = await Relay.start(t, program.port);
  const stalled = new Numbers();
  if (withStalled) {
    const source = createEventSource({ url: relay.through(program.sse), onMessage: stalled.take });
    t.after(() => source.close());
  }
  const clients = OTHERS + (withStalled ? 1 : 0);
  await program.logged({ msg: 'stream opened', clients });
  if (withStalled) relay.stall();

  await publishAll(program);
  const all = Array.from({ length: EVENTS }, (_, n) => n + 1);
  for (const other of others) {
    await other.until('it has all', () => other.seen.length >= EVENTS);
    assert.deepEqual(other.seen, all);
    assert.deepEqual(other.gaps, []);
  }
  return { program, peak: peakMemory(program), relay, stalled };
}

/** The stalled client was closed as slow; when it is back, it has all but what it is told that it missed. */
async function toldExactly({ program, relay, stalled }: Run): Promise<string> {
  const closed = await program.logged({ msg: 'stream closed', reason: 'slow' });
  assert.equal(closed.level, 'warn');
  assert.equal(closed.clients, OTHERS);

  relay.resume();
  await stalled.until('it is back and has the newest', () => stalled.gaps.length > 0 && stalled.seen.at(-1) === EVENTS);
  const [gap, ...others] = stalled.gaps;
  assert.deepEqual(others, []);
  assert.equal(gap?.reason, 'evicted');
  // It had a first part without a hole, and has a second one; what lies between is the number that it was told.
  const before = Number(gap?.requested.split('-')[1]);
  const from = Number(gap?.from.split('-')[1]);
  const count = (first: number, last: number) => Array.from({ length: last - first + 1 }, (_, n) => first + n);
  assert.deepEqual(stalled.seen, [...count(1, before), ...count(from + 1, EVENTS)]);
  assert.equal(gap?.missed, EVENTS - stalled.seen.length);
  return `it had ${before} events when it hung, missed ${gap?.missed} and got ${EVENTS - from} when it came back`;
}

describe('a client that stops reading while 100 MB are broadcast', {
  skip: process.platform !== 'linux' && 'reads /proc',
}, () => {
  it(`costs at most ${ALLOWANCE} MiB, holds nobody up, is closed as slow and told exactly what it missed`, async (t) => {
    // How high garbage piles up before it is collected differs by 20 MiB from run to run: the lower peak of two is what is needed.
    const peaks = { without: [] as number[], with: [] as number[] };
    for (let run = 0; run < 2; run++) {
      const without = await broadcast(t, false);
      peaks.without.push(without.peak);
      await without.program.stop();
      const stalled = await broadcast(t, true);
      peaks.with.push(stalled.peak);
      t.diagnostic(await toldExactly(stalled));
      await stalled.program.stop();
    }
    const more = Math.min(...peaks.with) - Math.min(...peaks.without);
    const shown = (list: number[]) => list.map((peak) => peak.toFixed(1)).join(' and ');
    t.diagnostic(
      `peak RSS ${shown(peaks.without)} MiB without it, ${shown(peaks.with)} MiB with it: ${more.toFixed(1)} MiB more`,
    );
    assert(more <= ALLOWANCE, `${more} MiB more`);
  });

  it('is closed as slow when it takes nothing for the stall time, though all it misses is kept', async (t) => {
    const program = await startProgram(t, ['--retry', '500ms', '--stall-time', '200ms', '--history-bytes', '64mb']);
    const relay = await Relay.start(t, program.port);
    const stalled = new Numbers();
    const source = createEventSource({ url: relay.through(program.sse), onMessage: stalled.take });
    t.after(() => source.close());
    await program.logged({ msg: 'stream opened' });
    relay.stall();
    const large = 'x'.repeat(1_000_000);
    for (let n = 1; n <= 24; n++) await program.publish({ data: String(n).padStart(8, '0') + large });
    await program.logged({ msg: 'stream closed', reason: 'slow' });
    relay.resume();
    await stalled.until('it has all', () => stalled.seen.length >= 24);
    assert.deepEqual(
      stalled.seen,
      Array.from({ length: 24 }, (_, n) => n + 1),
    );
    assert.deepEqual(stalled.gaps, []);
  });
});
