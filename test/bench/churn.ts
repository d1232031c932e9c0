import { fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import type { Bench } from './bench.ts';
import type { Churn } from './churn-clients.ts';
import type { Figure } from './figures.ts';
import { startOpen } from './inside.ts';

const CONNECTIONS = 200_000;
/** Before it is looked at first: what is made once has been made by then. */
const WARM_UP = 5000;

/** Very many clients that come and go: what is left of them. */
export async function churn(bench: Bench): Promise<Figure[]> {
  const { program, look } = await startOpen(bench, []);
  const child = fork(new URL('churn-clients.ts', import.meta.url), [], { execArgv: ['--import', 'tsx'] });
  bench.after(() => void child.kill('SIGKILL'));
  const visit = async (connections: number): Promise<number> => {
    child.send({ url: program.sse, connections } satisfies Churn);
    const [failed] = (await once(child, 'message')) as [number];
    // Until the last are closed on this side too.
    await delay(7000);
    return failed;
  };
  bench.progress(`${WARM_UP} connections to warm up`);
  await visit(WARM_UP);
  const before = await look();
  bench.progress(`${CONNECTIONS} connections`);
  const began = performance.now();
  const failed = await visit(CONNECTIONS);
  const seconds = (performance.now() - began) / 1000 - 7;
  const after = await look();
  const count = (resources: Readonly<Record<string, number>>, name: RegExp) =>
    Object.entries(resources).reduce((sum, [kind, number]) => sum + (name.test(kind) ? number : 0), 0);
  const handles = (of: typeof before) => count(of.resources, /^(?!Timeout|Immediate)/);
  const timers = (of: typeof before) => count(of.resources, /^(Timeout|Immediate)/);
  const MIB = 1024 * 1024;
  return [
    { what: `${CONNECTIONS} streams opened and left, that failed`, value: failed, unit: '', atMost: 0 },
    { what: '  a second', value: CONNECTIONS / seconds, unit: '/s' },
    { what: '  heap before', value: before.heap / MIB, unit: 'MiB' },
    { what: '  heap after, by before', value: after.heap / before.heap, unit: '×', atMost: 1.05 },
    { what: '  beside the heap, by before', value: after.external / before.external, unit: '×', atMost: 1.05 },
    { what: '  handles before', value: handles(before), unit: '' },
    { what: '  handles after', value: handles(after), unit: '', atMost: Math.floor(handles(before) * 1.05) },
    { what: '  timers before', value: timers(before), unit: '' },
    { what: '  timers after', value: timers(after), unit: '', atMost: Math.floor(timers(before) * 1.05) },
    { what: '  resident before', value: before.rss / MIB, unit: 'MiB' },
    { what: '  resident after', value: after.rss / MIB, unit: 'MiB' },
  ];
}
