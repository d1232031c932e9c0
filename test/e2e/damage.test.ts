import assert from 'node:assert/strict';
import { cpSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { createSseServer } from '../../src/index.ts';
import { type Program, startProgram, temporaryFolder } from '../support/program.ts';
import { isControl, openStream, type Received } from './reader.ts';

/** Stores that are not as they were written: nothing altered is told, nothing is left out without a word, and the server starts. */

const DAMAGES = Number(process.env.DAMAGES ?? 8);
const SEED = Number(process.env.SEED ?? Date.now() % 1_000_000);

it('a store that has to be repaired is told in the log and counted, and what it held is still there', async (t) => {
  const store = join(temporaryFolder(), 'log');
  const first = await startProgram(t, ['--store', store]);
  await first.publish({ data: 'kept' });
  await first.stop();

  truncateSync(join(store, 'CURRENT'));
  const second = await startProgram(t, ['--store', store]);
  await second.logged({ level: 'error', msg: /does not open .* being repaired/ });
  const history = await (await fetch(`${second.admin}history`)).text();
  assert.match(history, /"data":"kept"/);
  await second.stop();

  truncateSync(join(store, 'CURRENT'));
  const server = createSseServer({ port: 0, store });
  await server.start();
  assert.equal(server.totals().failed, 1);
  await server.stop();
});

/** What a store holds, by id, and the files it is in. */
interface Original {
  readonly directory: string;
  readonly data: ReadonlyMap<string, string>;
}

describe(`a flipped bit or a missing end in any file (SEED=${SEED})`, () => {
  it(`is never an altered event, a silent hole or the end of the server, ${DAMAGES} times`, { timeout: 1_200_000 }, async (t) => {
    const whole = await writtenStore(t);
    const repaired = await repairedStore(t, whole);
    const random = numbers(SEED);
    const seen = { nothing: 0, told: 0, repaired: 0 };
    for (let round = 0; round < DAMAGES; round++) {
      const original = round % 2 === 0 ? whole : repaired;
      const directory = join(temporaryFolder(), 'log');
      cpSync(original.directory, directory, { recursive: true });
      const what = damage(directory, random);
      const warned = await servesWhatIsLeft(t, directory, original, what);
      seen[warned === '' ? 'nothing' : /repaired/.test(warned) ? 'repaired' : 'told']++;
      rmSync(directory, { recursive: true });
    }
    t.diagnostic(
      `of ${DAMAGES} damaged stores ${seen.repaired} were repaired, ${seen.told} told of losses, ${seen.nothing} had none`,
    );
  });
});

/** Three openings, so that there are tables as well as a journal. */
async function writtenStore(t: TestContext): Promise<Original> {
  const directory = join(temporaryFolder(), 'log');
  const data = new Map<string, string>();
  for (let opening = 0; opening < 3; opening++) {
    const program = await startProgram(t, ['--store', directory]);
    for (let n = 0; n < 60; n++) {
      const text = `${opening}/${n} ${'lorem ipsum '.repeat((n * 37) % 150)}`;
      data.set((await program.publish({ data: text })).id, text);
    }
    await program.stop();
  }
  return { directory, data };
}

async function repairedStore(t: TestContext, { directory: original, data }: Original): Promise<Original> {
  const directory = join(temporaryFolder(), 'log');
  cpSync(original, directory, { recursive: true });
  truncateSync(join(directory, 'CURRENT'));
  const program = await startProgram(t, ['--store', directory]);
  const { id } = await program.publish({ data: 'after the repair' });
  await program.stop();
  return { directory, data: new Map([...data, [id, 'after the repair']]) };
}

/** Flips a bit, or cuts the end off, of a file of the store. @returns what it did */
function damage(directory: string, random: (below: number) => number): string {
  const sizes = new Map(readdirSync(directory).map((name) => [name, statSync(join(directory, name))]));
  const files = [...sizes].filter(([, stat]) => stat.isFile() && stat.size > 0);
  const [name, { size }] = files[random(files.length)] as (typeof files)[number];
  const file = join(directory, name);
  const at = random(size);
  if (random(3) === 0) {
    truncateSync(file, at);
    return `${name}, cut to ${at} of ${size} bytes`;
  }
  const bytes = readFileSync(file);
  const bit = 1 << random(8);
  bytes[at] = (bytes[at] as number) ^ bit;
  writeFileSync(file, bytes);
  return `${name}, bit ${bit} of byte ${at} of ${size}`;
}

/** Starts twice, and holds what clients are told against what was written. @returns what the operator is told at the first start */
async function servesWhatIsLeft(t: TestContext, directory: string, { data }: Original, what: string): Promise<string> {
  const lastId = [...data.keys()].at(-1) as string;
  let warned = '';
  for (const start of ['first', 'second']) {
    const program = await startProgram(t, ['--store', directory]);
    const { id } = await program.publish({ data: `${start} start` });
    assert(!data.has(id), `${what}: ${id} is given twice`);
    const events = await replay(t, program, { since: 'earliest' }, id);
    checkEvents(events, data, what);
    // Who had everything gets nothing of it again, unless it is told that its place is not known any more.
    const later = await replay(t, program, { lastEventId: lastId }, id);
    if (!later.some(({ type }) => type === 'sse.gap')) {
      assert(
        later.every((event) => isControl(event) || !data.has(event.id)),
        `${what}: told again to who had it`,
      );
      assert.equal(
        sequenceOf(later.find((event) => !isControl(event))),
        sequenceOf({ id: lastId }) + 1,
        `${what}: a silent hole`,
      );
    }
    await program.stop();
    if (start === 'first') warned = program.log.flatMap(({ level, msg }) => (level === 'error' ? [msg] : [])).join('\n');
    const lost = data.size - events.filter((event) => !isControl(event) && data.has(event.id)).length;
    if (lost > 0 && start === 'first') assert.notEqual(warned, '', `${what}: ${lost} lost without a word to the operator`);
  }
  return warned;
}

async function replay(t: TestContext, program: Program, query: Record<string, string>, last: string): Promise<Received[]> {
  const stream = await openStream(t, `${program.sse}?${new URLSearchParams(query)}`);
  await stream.until('it has the newest event', () => stream.events.at(-1)?.id === last);
  stream.close();
  return stream.all;
}

/** That events are as they were published, and that wherever one is missing a gap is told before the next. */
function checkEvents(all: readonly Received[], data: ReadonlyMap<string, string>, what: string): void {
  const first = all.find((event) => !isControl(event));
  let expected = 1;
  if (sequenceOf(first) > 1) expected = Number.NaN;
  for (const event of all) {
    if (event.type === 'sse.gap') expected = Number.NaN;
    if (isControl(event)) continue;
    const text = data.get(event.id);
    if (text !== undefined) assert.equal(event.data, text, `${what}: ${event.id} is altered`);
    else assert.match(event.data, / start$/, `${what}: ${event.id} was never published`);
    const sequence = sequenceOf(event);
    if (!Number.isNaN(expected)) assert.equal(sequence, expected, `${what}: a silent hole`);
    expected = sequence + 1;
  }
}

function sequenceOf(event: Pick<Received, 'id'> | undefined): number {
  return Number(event?.id.split('-')[1]);
}

/** Random numbers that are the same for the same seed (mulberry32). */
function numbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}
