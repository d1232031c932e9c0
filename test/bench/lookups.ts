import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { join } from 'node:path';
import { ClassicLevel } from 'classic-level';
import { everyone } from '../../src/event/audience.ts';
import { LevelLog } from '../../src/store/level-log.ts';
import { decodeRecord, encodeRecord, keyOf } from '../../src/store/record.ts';
import { startProgram, temporaryFolder } from '../support/program.ts';
import type { Bench } from './bench.ts';
import { type Figure, median, quantile } from './figures.ts';

const EPOCH = 'bench';
/** Each size is measured as often as this in turns with the others, and the middle of its quantiles counts: a machine has bad moments. */
const ROUNDS = 9;
const LOOKUPS = 1000;
const RESUMES = 200;
const BUFFERS = { keyEncoding: 'buffer', valueEncoding: 'buffer' } as const;

/** What is done at a random place of a log: resolves when it is found. */
type Look = (sequence: number) => Promise<void>;

interface Log {
  readonly count: number;
  readonly directory: string;
  /** Of its first event, in ms since 1970; each next one is a millisecond younger. */
  readonly begin: number;
}

/** Finding a position, and coming back to it, in logs of 10^3 to 10^6 (10^7) events. */
export async function lookups(bench: Bench): Promise<Figure[]> {
  const logs: Log[] = [];
  for (const power of bench.full ? [3, 4, 5, 6, 7] : [3, 4, 5, 6]) logs.push(await filled(bench, 10 ** power));

  bench.progress('positions');
  const opened = await Promise.all(logs.map(async (log) => ({ ...log, level: await open(log) })));
  const since = await measured(
    LOOKUPS,
    opened.map(({ count, level, begin }) => [
      count,
      async (sequence) => assert.equal(await level.since(begin + sequence), sequence),
    ]),
  );
  const page = await measured(
    LOOKUPS,
    opened.map(({ count, level }) => [
      count,
      async (sequence) => assert.equal((await level.read(sequence)).entries[0]?.sequence, sequence),
    ]),
  );
  for (const { level } of opened) await level.close();

  const raw = logs.map(({ count, directory }) => ({ count, db: new ClassicLevel<Buffer, Buffer>(directory, BUFFERS) }));
  const record = await measured(
    LOOKUPS,
    raw.map(({ count, db }) => [
      count,
      async (sequence) => assert(decodeRecord(sequence, (await db.get(keyOf(sequence))) as Buffer)),
    ]),
  );
  for (const { db } of raw) await db.close();

  bench.progress('resumes over HTTP');
  const resume: Figure[] = [];
  for (const { count, directory } of logs) {
    const began = performance.now();
    const program = await startProgram(bench, [
      '--store',
      directory,
      '--store-events',
      '100000000',
      '--store-bytes',
      '100gb',
      '--log-level',
      'silent',
    ]);
    const started = performance.now() - began;
    const [[p50 = 0, p99 = 0] = []] = await measured(RESUMES, [[count - 1, (sequence) => firstEvent(program.sse, sequence)]]);
    await program.stop();
    resume.push(...told(`first replayed byte over HTTP, ${power(count)}`, p50, p99));
    resume.push({ what: `from the command to listening, ${power(count)}`, value: started, unit: 'ms' });
  }
  return [
    ...judged('event by sequence', logs, record),
    ...judged('position of a time (since)', logs, since),
    ...logs.flatMap(({ count }, index) =>
      told(`first page of up to 256 (read), ${power(count)}`, ...(page[index] as [number, number])),
    ),
    ...resume,
  ];
}

/** The medians over the rounds of p50 and p99, in ms, for each log. */
async function measured(
  times: number,
  looks: readonly (readonly [count: number, look: Look])[],
): Promise<[p50: number, p99: number][]> {
  const rounds = looks.map(() => ({ p50: [] as number[], p99: [] as number[] }));
  for (let round = 0; round < ROUNDS; round++) {
    for (const [index, [count, look]] of looks.entries()) {
      const took: number[] = [];
      for (let i = 0; i < times; i++) {
        const sequence = 1 + Math.floor(Math.random() * count);
        const began = performance.now();
        await look(sequence);
        took.push(performance.now() - began);
      }
      rounds[index]?.p50.push(quantile(took, 0.5));
      rounds[index]?.p99.push(quantile(took, 0.99));
    }
  }
  return rounds.map(({ p50, p99 }) => [median(p50), median(p99)]);
}

/** The largest log is judged by the smallest. */
function judged(what: string, logs: readonly Log[], found: readonly (readonly [p50: number, p99: number])[]): Figure[] {
  const [least = 0] = found.map(([, p99]) => p99);
  return logs.flatMap(({ count }, index): Figure[] => {
    const [p50, p99] = found[index] as [number, number];
    const figures = told(`${what}, ${power(count)}`, p50, p99);
    if (index < logs.length - 1) return figures;
    const [middle, last] = figures as [Figure, Figure];
    return [
      middle,
      { ...last, atMost: 1 },
      { what: `  p99 times that of ${power(logs[0]?.count ?? 0)}`, value: p99 / least, unit: '×', atMost: 5 },
    ];
  });
}

function told(what: string, p50: number, p99: number): Figure[] {
  return [
    { what: `${what}, p50`, value: p50, unit: 'ms' },
    { what: `${what}, p99`, value: p99, unit: 'ms' },
  ];
}

function power(count: number): string {
  return `10^${Math.round(Math.log10(count))}`;
}

async function open({ directory }: Pick<Log, 'directory'>): Promise<LevelLog> {
  const retention = { events: 1e9, age: 1e15, bytes: 1e15 };
  return LevelLog.open({ directory, epoch: EPOCH, retention, warn: (message) => assert.fail(message) });
}

/** Writes a log faster than `append` would, as there is nobody to promise anything to. */
async function filled(bench: Bench, count: number): Promise<Log> {
  bench.progress(`a log of ${power(count)} events`);
  const directory = join(temporaryFolder(), 'log');
  await (await open({ directory })).close();
  const begin = Date.now() - count;
  // Does not compress well, and repeats too far away for that to help.
  const text = Array.from({ length: 65_536 }, () => String.fromCharCode(33 + Math.floor(Math.random() * 90))).join('');
  const db = new ClassicLevel<Buffer, Buffer>(directory, { ...BUFFERS, writeBufferSize: 32 * 1024 * 1024 });
  await db.open();
  for (let next = 1; next <= count; ) {
    const batch = db.batch();
    for (const end = Math.min(count, next + 4999); next <= end; next++) {
      const at = (next * 7919) % (text.length - 100);
      const event = { type: 'message', data: text.slice(at, at + 100) };
      batch.put(
        keyOf(next),
        encodeRecord({ id: `${EPOCH}-${next}`, sequence: next, time: begin + next, event, audience: everyone }),
      );
    }
    await batch.write();
  }
  await db.close();
  return { count, directory, begin };
}

/** Comes back after an event, and stays until the first one is replayed. */
function firstEvent(url: string, sequence: number): Promise<void> {
  const { hostname, port, pathname } = new URL(url);
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname);
    socket.setNoDelay().write(`GET ${pathname} HTTP/1.1\r\nHost: localhost\r\nLast-Event-ID: ${EPOCH}-${sequence}\r\n\r\n`);
    let got = '';
    socket.setEncoding('latin1').on('data', (text: string) => {
      got = (got + text).slice(-400_000);
      if (!got.includes(`id: ${EPOCH}-${sequence + 1}\n`)) return;
      socket.destroy();
      resolve();
    });
    socket.on('error', reject).on('end', () => reject(new Error(`ended: ${got}`)));
  });
}
