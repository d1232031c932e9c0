import { fork } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import type { Bench } from './bench.ts';
import { type Figure, median } from './figures.ts';
import { type Inside, startOpen } from './inside.ts';
import { cpuOf, memoryOf } from './process.ts';
import type { SlowLoad, SlowSaid } from './slow-clients.ts';

const CLIENTS = 1000;
const STALLED = 10;
const KIB = 1024;
/** When the memory is looked at, as parts of a run. */
const LOOKS = [0.4, 0.6, 0.8, 0.95];
type Shape = Omit<SlowLoad, 'sse' | 'admin' | 'seconds'>;

interface Run {
  readonly report: Exclude<SlowSaid, 'connected'>;
  /** In % of a core. */
  readonly cpu: number;
  /** Resident at its peak, in MiB. */
  readonly peak: number;
  /** Heap and what hangs on it, collected, in bytes, at each look: those that stall are full at one of them at least. */
  readonly memory: readonly number[];
  /** Bytes that waited in the process for one client, at most. */
  readonly queued: number;
  /** Streams that were closed as slow, by the server's own count. */
  readonly slow: number;
}

/** Clients that read nothing beside others that do: what they cost in memory, and what the others notice. */
export async function slow(bench: Bench): Promise<Figure[]> {
  const shape: Shape = { clients: CLIENTS, stalled: 0, size: 64 * KIB, rate: 2 };
  const without: Run[] = [];
  const beside: Run[] = [];
  for (let round = 1; round <= bench.rounds; round++) {
    bench.progress(
      `${CLIENTS} clients, ${bench.seconds} s without and with ${STALLED} that stall, round ${round} of ${bench.rounds}`,
    );
    without.push(await run(bench, shape));
    beside.push(await run(bench, { ...shape, stalled: STALLED }));
  }
  const of = (runs: readonly Run[], pick: (run: Run) => number) => median(runs.map(pick));
  const more = LOOKS.map(
    (_, look) => of(beside, ({ memory }) => memory[look] ?? 0) - of(without, ({ memory }) => memory[look] ?? 0),
  );
  const each = Math.max(...more) / STALLED / KIB;
  const [p99, p99Without] = [of(beside, ({ report }) => report.p99), of(without, ({ report }) => report.p99)];
  bench.progress('10 000 clients');
  const many = await run(bench, { clients: 10_000, stalled: 0, size: 512, rate: 1 });
  return [
    {
      what: `${CLIENTS} clients, 64 KiB twice a second: p50 of the others`,
      value: of(beside, ({ report }) => report.p50),
      unit: 'ms',
    },
    { what: '  their p99', value: p99, unit: 'ms' },
    { what: '  their p99, by that without any that stall', value: p99 / p99Without, unit: '×', atMost: 1.5 },
    { what: '  events that they lost', value: Math.max(...beside.map(({ report }) => report.missing)), unit: '', atMost: 0 },
    { what: '  memory for each that stalls, KiB', value: each, unit: '', atMost: 128 },
    {
      what: '  waiting for one in the process at most, KiB',
      value: Math.max(...beside.map(({ queued }) => queued)) / KIB,
      unit: '',
      atMost: 128,
    },
    {
      what: '  resident at its peak, above that without',
      value: of(beside, ({ peak }) => peak) - of(without, ({ peak }) => peak),
      unit: 'MiB',
      atMost: 32,
    },
    {
      what: '  closed as slow',
      value: of(beside, ({ slow }) => slow),
      unit: '',
      ...(bench.seconds >= 90 && { atLeast: STALLED }),
    },
    { what: '  server, % of a core', value: of(beside, ({ cpu }) => cpu), unit: '' },
    { what: '10 000 clients, 512 bytes a second: p50', value: many.report.p50, unit: 'ms' },
    { what: '  p99', value: many.report.p99, unit: 'ms' },
    { what: '  events lost', value: many.report.missing, unit: '', atMost: 0 },
    { what: '  server, % of a core', value: many.cpu, unit: '' },
    { what: '  resident', value: many.peak, unit: 'MiB' },
  ];
}

async function run(bench: Bench, shape: Shape): Promise<Run> {
  const { program, look } = await startOpen(bench, ['--max-clients', '10100']);
  const { sse, admin, pid } = program;
  const load: SlowLoad = { ...shape, sse, admin, seconds: bench.seconds };
  const child = fork(new URL('slow-clients.ts', import.meta.url), [JSON.stringify(load)], { execArgv: ['--import', 'tsx'] });
  bench.after(() => void child.kill('SIGKILL'));
  let connected = (): void => {};
  const isConnected = new Promise<void>((resolve) => {
    connected = resolve;
  });
  const reported = new Promise<Run['report']>((resolve) =>
    child.on('message', (said: SlowSaid) => (said === 'connected' ? connected() : resolve(said))),
  );
  await isConnected;
  const [began, before] = [performance.now(), cpuOf(pid)];
  const looks: Inside[] = [];
  for (const share of LOOKS) {
    await delay(share * bench.seconds * 1000 - (performance.now() - began));
    looks.push(await look());
  }
  const cpu = ((cpuOf(pid) - before) / ((performance.now() - began) / 1000)) * 100;
  const peak = memoryOf(pid, 'VmHWM');
  const report = await reported;
  const metrics = await (await fetch(new URL('/metrics', admin))).text();
  child.kill('SIGKILL');
  await program.stop();
  const slow = Number(/^sse_closes_total\{reason="slow"\} (\d+)$/m.exec(metrics)?.[1]);
  return {
    report,
    cpu,
    peak,
    memory: looks.map(({ heap, external }) => heap + external),
    queued: Math.max(...looks.map(({ queued }) => queued)),
    slow,
  };
}
