import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { type Program, startProgram } from '../support/program.ts';
import type { Bench } from './bench.ts';
import { type Figure, quantile } from './figures.ts';

const CONNECTIONS = 1000;
/** How long slowhttptest goes on if nobody cuts it off, in s. */
const LONGEST = 20;

/** A thousand slow headers and a thousand slow bodies at once, by slowhttptest of Debian, and what others notice of them. */
export async function slowSenders(bench: Bench): Promise<Figure[]> {
  const program = await startProgram(bench, ['--log-level', 'silent']);
  bench.progress(`${CONNECTIONS} slow headers and ${CONNECTIONS} slow bodies`);
  let over = false;
  const attacks = Promise.all([
    attack(bench, ['-H', '-u', program.url]),
    attack(bench, ['-B', '-s', '8192', '-t', 'POST', '-u', `${program.admin}broadcast`]),
  ]).finally(() => {
    over = true;
  });
  const times = await others(program, () => over);
  const [headers, bodies] = await attacks;
  return [
    { what: `until ${CONNECTIONS} slow headers were all cut off`, value: headers, unit: 's', atMost: 12 },
    { what: `until ${CONNECTIONS} slow bodies were all cut off`, value: bodies, unit: 's', atMost: 12 },
    { what: 'other requests meanwhile', value: times.length, unit: '', atLeast: 100 },
    { what: '  p50', value: quantile(times, 0.5), unit: 'ms' },
    { what: '  p99', value: quantile(times, 0.99), unit: 'ms', atMost: 100 },
    { what: '  longest', value: Math.max(...times), unit: 'ms' },
  ];
}

/** @returns the seconds until no connection was open any more, by its own account */
async function attack(bench: Bench, args: readonly string[]): Promise<number> {
  const all = ['-c', String(CONNECTIONS), '-r', String(CONNECTIONS), '-i', '5', '-p', '3', '-l', String(LONGEST), ...args];
  const child = spawn('slowhttptest', all, { stdio: ['ignore', 'pipe', 'inherit'] });
  bench.after(() => void child.kill('SIGKILL'));
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  await once(child, 'close');
  const [, seconds] = /Test ended on (\d+)(?:st|nd|rd|th) second/.exec(said) ?? [];
  if (!said.includes('No open connections left') || seconds === undefined)
    throw new Error(`slowhttptest did not see all of them cut off: ${said.slice(-500)}`);
  return Number(seconds);
}

/** How long requests of everybody else take meanwhile, in ms. */
async function others({ url }: Program, isOver: () => boolean): Promise<number[]> {
  const times: number[] = [];
  while (!isOver()) {
    const began = performance.now();
    await (await fetch(`${url}livez`)).text();
    times.push(performance.now() - began);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  return times;
}
