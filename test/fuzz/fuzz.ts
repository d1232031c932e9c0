import fc from 'fast-check';
import { type Cleanup, PATIENCE } from '../support/program.ts';
import { hostileText, type WildConnection, wildConnection } from '../support/wild-requests.ts';
import { FuzzedProgram, type Reading } from './fuzzed-program.ts';
import { SEALED, sealed } from './listening.ts';

/** So many connections at a time. */
const AT_ONCE = 200;
const MIB = 1024 * 1024;

/** An event with hostile data, as any publisher may send it: it has to arrive as it is. */
const sealedEvent: fc.Arbitrary<WildConnection> = fc
  .array(fc.oneof(hostileText, fc.string({ unit: 'binary' })), { minLength: 1, maxLength: 4 })
  .map((parts) => publishing(parts.join('').toWellFormed()));
const connection = fc.oneof({ weight: 6, arbitrary: wildConnection }, { weight: 1, arbitrary: sealedEvent });

function publishing(text: string): WildConnection {
  const body = JSON.stringify({ event: SEALED, data: sealed(text) });
  const head = `POST /admin/broadcast HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer @admin@\r\nContent-Type: application/json`;
  const request = `${head}\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${Buffer.from(body).toString('latin1')}`;
  return { requests: [request], sent: request, cuts: [], end: 'wait' };
}

export interface Fuzzing {
  /** At least so many requests. */
  readonly count: number;
  readonly seed: number;
  /** What is sent before the first look at the heap: until then caches and the history fill. */
  readonly warmUp: number;
  progress(what: string): void;
}

/** What became of one of the programs. */
export interface Outcome {
  readonly fuzzed: FuzzedProgram;
  readonly before: Reading;
  readonly after: Reading;
  /** At the start, at each tenth, and at the end. */
  readonly series: readonly Reading[];
  readonly answers: number;
}

/**
 * Sends what nobody should to two real programs, one that believes whoever is on this machine, and one behind a proxy with tokens
 * and an admin of its own. It returns when all is sent and both have been looked at.
 */
export async function fuzz(t: Cleanup, { count, seed, warmUp, progress }: Fuzzing): Promise<readonly Outcome[]> {
  const programs = [await FuzzedProgram.start(t, true), await FuzzedProgram.start(t, false)] as const;
  const connections = generated(seed);
  const sendUntil = async (requests: number) => {
    const worker = async () => {
      while (sent() < requests) await sendNext(programs, connections);
    };
    await Promise.all(Array.from({ length: AT_ONCE }, worker));
    // What is cut off has been seen to be.
    await new Promise((resolve) => setTimeout(resolve, 1000));
  };
  const sent = () => programs.reduce((sum, { requests }) => sum + requests, 0);

  await sendUntil(warmUp);
  const readings: Reading[][] = programs.map(() => []);
  const read = async () => {
    for (const [index, fuzzed] of programs.entries()) readings[index]?.push(await fuzzed.read());
    const heaps = readings.map((series) => ((series.at(-1)?.heapUsed ?? 0) / MIB).toFixed(2));
    progress(`${sent()} requests, heaps of ${heaps.join(' and ')} MiB`);
  };
  await read();
  const step = Math.max(10_000, Math.ceil(count / 10));
  for (let next = step; next < count + step; next += step) {
    await sendUntil(warmUp + Math.min(next, count));
    await read();
  }
  for (const fuzzed of programs) {
    await serves(fuzzed);
    await livez(fuzzed.program.url);
  }
  return programs.map((fuzzed, index) => ({
    fuzzed,
    before: readings[index]?.at(0) as Reading,
    after: readings[index]?.at(-1) as Reading,
    series: readings[index] as Reading[],
    answers: [...fuzzed.statuses.values()].reduce((sum, number) => sum + number, 0),
  }));
}

async function sendNext(
  [open, closed]: readonly [FuzzedProgram, FuzzedProgram],
  connections: Iterator<WildConnection>,
): Promise<void> {
  const next = connections.next().value as WildConnection;
  const even = open.requests <= closed.requests;
  const to = even && open.takes(next) ? open : closed;
  // One of them has an admin of its own.
  await to.send(next, to === open || next.sent.includes('/admin') || next.sent.includes('/metrics'));
}

function* generated(seed: number): Generator<WildConnection> {
  for (let round = 0; ; round++) yield* fc.sample(connection, { numRuns: 500, seed: seed + round });
}

/** Settles when the ordinary client has an event that is published now. A program that others keep from working may take its time. */
async function serves(fuzzed: FuzzedProgram): Promise<void> {
  const { intact } = fuzzed.listening;
  const until = performance.now() + PATIENCE;
  while (fuzzed.listening.intact === intact) {
    if (performance.now() > until) throw new Error('an ordinary client gets nothing any more');
    await fuzzed.send(publishing('the last'), true);
  }
}

async function livez(url: string): Promise<void> {
  const response = await fetch(`${url}livez`);
  if (response.status !== 200) throw new Error(`/livez answers ${response.status}`);
}

/** All that must not be, of which there is something. */
export function complaintsOf({ fuzzed, before, after }: Outcome): string[] {
  const { program, listening } = fuzzed;
  return [
    ...fuzzed.complaints,
    ...listening.complaints,
    ...before.uncaught,
    ...after.uncaught,
    ...(fuzzed.statuses.has('500') ? [`${fuzzed.statuses.get('500')} answers of 500`] : []),
    ...(program.ended ? [`ended with ${program.ended.code ?? program.ended.signal}`] : []),
    ...(program.stderr === '' ? [] : [program.stderr]),
    ...(program.ready.pid === program.pid ? [] : ['another process']),
  ];
}
