import { fork } from 'node:child_process';
import { once } from 'node:events';
import { startProgram } from '../support/program.ts';
import type { Bench } from './bench.ts';
import type { Figure } from './figures.ts';
import { publisher } from './publisher.ts';
import type { Ended, Entered, Staying } from './stop-clients.ts';

const CLIENTS = 10_000;
const STALLED = 20;
const DRAIN = 5;
const PATIENCE = 120_000;

/** A stop with many clients, some of which take nothing any more: how long it takes, and how fast the others would come back. */
export async function stop(bench: Bench): Promise<Figure[]> {
  const args = ['--drain-time', `${DRAIN}s`, '--log-level', 'silent', '--max-clients', '20000', '--history-bytes', '64mb'];
  const program = await startProgram(bench, [...args, '--stall-time', '1h']);
  const enter = async (clients: number, stalled: number) => {
    const staying: Staying = { port: program.port, clients, stalled };
    const child = fork(new URL('stop-clients.ts', import.meta.url), [JSON.stringify(staying)], { execArgv: ['--import', 'tsx'] });
    bench.after(() => void child.kill('SIGKILL'));
    const [entered] = (await once(child, 'message', { signal: AbortSignal.timeout(PATIENCE) })) as [Entered];
    return { child, entered };
  };
  bench.progress(`${STALLED} clients that stop reading`);
  await enter(STALLED, STALLED);
  const publish = publisher(bench, program.admin);
  for (let n = 0; n < 12; n++) await publish('x'.repeat(1_000_000));
  bench.progress(`${CLIENTS} clients`);
  const { child, entered } = await enter(CLIENTS, 0);
  bench.progress('the stop');
  const began = performance.now();
  const over = once(child, 'message', { signal: AbortSignal.timeout(PATIENCE) });
  const exit = program.stop('SIGTERM').then((result) => ({ ...result, after: (performance.now() - began) / 1000 }));
  const [{ returns, unheard }] = (await over) as [Ended];
  const ended = (performance.now() - began) / 1000;
  const { code, after } = await exit;
  const peak = Math.max(...perSecond(returns));
  return [
    { what: `clients a second that the server takes, of ${CLIENTS} at once`, value: entered.accepted, unit: '/s' },
    { what: 'clients that were ended without a goodbye', value: unheard, unit: '', atMost: 0 },
    { what: 'until all that read were ended', value: ended, unit: 's', atMost: DRAIN },
    { what: `until the program was over, ${STALLED} stalled ones destroyed`, value: after, unit: 's', atMost: DRAIN + 2 },
    { what: 'exit code', value: code ?? -1, unit: '', atMost: 0, atLeast: 0 },
    { what: 'different reconnection times', value: new Set(returns.map(Math.round)).size, unit: '' },
    { what: 'most that come back in any second', value: peak, unit: '/s', atMost: entered.accepted / 2 },
    {
      what: 'from the first that comes back to the last',
      value: (Math.max(...returns) - Math.min(...returns)) / 1000,
      unit: 's',
    },
  ];
}

/** How many there are in each second, whichever moment seconds are counted from: steps of 100 ms. */
function perSecond(times: readonly number[]): number[] {
  const tenths = new Map<number, number>();
  for (const time of times) tenths.set(Math.floor(time / 100), (tenths.get(Math.floor(time / 100)) ?? 0) + 1);
  return [...tenths.keys()].map((from) => {
    let sum = 0;
    for (let tenth = from; tenth < from + 10; tenth++) sum += tenths.get(tenth) ?? 0;
    return sum;
  });
}
