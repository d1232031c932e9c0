import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readdirSync, statSync } from 'node:fs';
import { Agent, type IncomingMessage, request } from 'node:http';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { quantile } from '../bench/figures.ts';
import { startProgram, temporaryFolder } from '../support/program.ts';

/** What is dropped makes room on the disk again, and nobody who publishes feels it. */

const MB = 1024 * 1024;
const PUBLISHED = 100 * MB;
const SIZE = 8 * 1024;
const IN_FLIGHT = 8;

interface Outcome {
  /** Of the directory, in bytes, over time. */
  readonly sizes: readonly number[];
  /** Of each publish, in ms. */
  readonly times: readonly number[];
}

async function publishAll(t: TestContext, bytes: string): Promise<Outcome> {
  const store = join(temporaryFolder(), 'log');
  const program = await startProgram(t, ['--store', store, '--store-bytes', bytes, '--log-level', 'warn']);
  const agent = new Agent({ keepAlive: true, maxSockets: IN_FLIGHT });
  const times: number[] = [];
  const sizes: number[] = [];
  let left = PUBLISHED / SIZE;
  const publisher = async (): Promise<void> => {
    while (left-- > 0) {
      // Nothing that a disk could make smaller.
      const data = Buffer.from(crypto.getRandomValues(new Uint8Array((SIZE * 3) / 4))).toString('base64');
      const started = performance.now();
      const asking = request(`${program.admin}broadcast`, {
        method: 'POST',
        agent,
        headers: { 'content-type': 'text/plain' },
      }).end(data);
      const [response] = (await once(asking, 'response')) as [IncomingMessage];
      await once(response.resume(), 'end');
      times.push(performance.now() - started);
      assert.equal(response.statusCode, 202);
      if (left % 500 === 0) sizes.push(sizeOf(store));
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, publisher));
  agent.destroy();
  sizes.push(sizeOf(store));
  await program.stop();
  return { sizes, times };
}

function sizeOf(directory: string): number {
  const sizes = readdirSync(directory).map((name) => statSync(join(directory, name), { throwIfNoEntry: false })?.size ?? 0);
  return sizes.reduce((sum, size) => sum + size, 0);
}

describe('retention', () => {
  it('by bytes keeps the directory small, and holds no publisher up', { timeout: 300_000 }, async (t) => {
    const { sizes, times } = await publishAll(t, '10mb');
    const [largest, last] = [Math.max(...sizes), sizes.at(-1) ?? 0];
    t.diagnostic(
      `${inMb(PUBLISHED)} MiB published, 10 MiB kept: at most ${inMb(largest)} MiB on disk, ${inMb(last)} MiB at the end`,
    );
    t.diagnostic(`size over time: ${sizes.map(inMb).join(' ')}`);
    const at = (part: number) => quantile(times, part).toFixed(1);
    const longest = Math.max(...times);
    t.diagnostic(`a publish took: p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, longest ${longest.toFixed(1)} ms`);
    assert(largest <= 4 * 10 * MB + 20 * MB, `${inMb(largest)} MiB`);
    assert(longest < 1000, `a publish took ${longest} ms`);
  });
});

function inMb(bytes: number): string {
  return (bytes / MB).toFixed(0);
}
