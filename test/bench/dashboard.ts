import { fork } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import type { Browser, Page } from 'playwright-core';
import { launchChromium, until, watchedPage } from '../support/chromium.ts';
import { startProgram } from '../support/program.ts';
import type { Bench } from './bench.ts';
import type { Load, Said } from './dashboard-clients.ts';
import { type Figure, median } from './figures.ts';
import { cpuOf } from './processes.ts';

const CLIENTS = 10_000;
const CHOSEN = 10;
const RATE = 1000;
/** How long each look is, in s. */
const SPAN = 10;
/** The server with the dashboard and without it, in turn, so many times. */
const ROUNDS = 3;

/** What an open dashboard costs while the server is busy: frames, memory of its tab, and the server's CPU. */
export async function dashboard(bench: Bench): Promise<Figure[]> {
  bench.progress(`${CLIENTS} clients`);
  const program = await startProgram(bench, ['--max-clients', String(CLIENTS + 100), '--log-level', 'silent']);
  const { sse, admin } = program;
  const load: Load = { sse, admin, clients: CLIENTS, chosen: CHOSEN, rate: RATE };
  const child = fork(new URL('dashboard-clients.ts', import.meta.url), [JSON.stringify(load)], { execArgv: ['--import', 'tsx'] });
  bench.after(() => void child.kill('SIGKILL'));
  const published: number[] = [];
  await new Promise<void>((resolve) => {
    child.on('message', (said: Said) => ('connected' in said ? resolve() : published.push(said.published)));
  });
  await delay(3000);

  const browser = await launchChromium();
  bench.after(() => browser.close());
  const without: number[] = [];
  const beside: number[] = [];
  const frames: number[] = [];
  let opening = 0;
  let memory = { heap: 0, process: 0 };
  for (let round = 1; round <= ROUNDS; round++) {
    bench.progress(`${RATE} events a second, round ${round} of ${ROUNDS}`);
    without.push(await cpuDuring(program.pid, () => delay(SPAN * 1000)));
    const { page, complaints } = await watchedPage(browser, { viewport: { width: 1400, height: 1000 } });
    const before = performance.now();
    await page.goto(admin);
    await until(page, `document.getElementById('clients-count').textContent.replace(/\\D/g, '') === '${CLIENTS}'`);
    opening = performance.now() - before;
    await delay(3000);
    beside.push(await cpuDuring(program.pid, async () => void frames.push(await framesOf(page))));
    memory = await memoryOf(browser, page);
    if (complaints.length > 0) throw new Error(complaints.join('\n'));
    await page.context().close();
    await delay(1000);
  }
  return [
    {
      what: `${CLIENTS} clients, events a second to ${CHOSEN} of them`,
      value: median(published),
      unit: '/s',
      atLeast: RATE * 0.95,
    },
    { what: '  from asking for the dashboard to the whole list', value: opening, unit: 'ms' },
    { what: '  its frames a second, the fewest', value: Math.min(...frames), unit: '/s', atLeast: 30 },
    { what: '  its heap', value: memory.heap, unit: 'MiB', atMost: 200 },
    { what: '  its process, what is its own', value: memory.process, unit: 'MiB' },
    { what: '  server without it, % of a core', value: median(without), unit: '' },
    { what: '  server with it', value: median(beside), unit: '' },
    { what: '  difference', value: median(beside) - median(without), unit: '', atMost: 5 },
  ];
}

/** What a process uses meanwhile, in % of a core. */
async function cpuDuring(pid: number, work: () => Promise<unknown>): Promise<number> {
  const before = cpuOf(pid);
  const start = performance.now();
  await work();
  return ((cpuOf(pid) - before) / ((performance.now() - start) / 1000)) * 100;
}

function framesOf(page: Page): Promise<number> {
  return page.evaluate(`new Promise((resolve) => {
    let frames = 0;
    const start = performance.now();
    const count = () => {
      const time = performance.now() - start;
      if (time >= ${SPAN * 1000}) return resolve((frames * 1000) / time);
      frames++;
      requestAnimationFrame(count);
    };
    requestAnimationFrame(count);
  })`);
}

/** In MiB: what its scripts hold, and what no other process shares with the one that draws it. */
async function memoryOf(browser: Browser, page: Page): Promise<{ heap: number; process: number }> {
  const tab = await page.context().newCDPSession(page);
  await tab.send('Performance.enable');
  const { metrics } = await tab.send('Performance.getMetrics');
  const heap = metrics.find(({ name }) => name === 'JSHeapUsedSize')?.value ?? Number.NaN;
  const all = await browser.newBrowserCDPSession();
  const { processInfo } = await all.send('SystemInfo.getProcessInfo');
  const own = processInfo.filter(({ type }) => type === 'renderer').map(({ id }) => privateMemory(id));
  await all.detach();
  return { heap: heap / 1024 / 1024, process: Math.max(...own) };
}

/** proc_pid_smaps_rollup(5), in MiB. */
function privateMemory(pid: number): number {
  const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
  const kilobytes = [...text.matchAll(/^Private_\w+:\s+(\d+) kB$/gm)].map(([, amount]) => Number(amount));
  return kilobytes.reduce((sum, amount) => sum + amount, 0) / 1024;
}
