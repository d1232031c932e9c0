import { parseArgs } from 'node:util';
import { accepted, type Figure, table } from '../bench/figures.ts';
import { complaintsOf, fuzz, type Outcome } from './fuzz.ts';

/** `npm run fuzz`: ends with 1 if anything was found, or the heap grew. */

const USAGE = `npm run fuzz -- [--count 1000000] [--seed 1]
  --count  at least so many requests, besides a tenth more before the heap is first looked at
  --seed   the same requests again
`;
const { values } = parseArgs({ options: { count: { type: 'string' }, seed: { type: 'string' }, help: { type: 'boolean' } } });
const { count = '1000000', seed = String(Date.now() % 1_000_000), help = false } = values;
const MIB = 1024 * 1024;

function figuresOf({ fuzzed, before, after, answers }: Outcome): Figure[] {
  return [
    { what: 'connections', value: fuzzed.connections, unit: '' },
    { what: '  requests', value: fuzzed.requests, unit: '' },
    { what: '  answers', value: answers, unit: '', atLeast: fuzzed.requests / 10 },
    { what: '  frames that an ordinary client got', value: fuzzed.listening.frames, unit: '' },
    { what: '  … with hostile data, as it was sent', value: fuzzed.listening.intact, unit: '', atLeast: 1 },
    { what: '  … had to come back', value: fuzzed.listening.returns, unit: '' },
    { what: '  lines of log', value: [...fuzzed.logged.values()].reduce((sum, lines) => sum + lines, 0), unit: '' },
    { what: '  uncaught', value: after.uncaught.length, unit: '', atMost: 0 },
    { what: '  complaints', value: complaintsOf({ fuzzed, before, after, answers }).length, unit: '', atMost: 0 },
    { what: '  heap before', value: before.heapUsed / MIB, unit: 'MiB' },
    { what: '  heap after', value: after.heapUsed / MIB, unit: 'MiB' },
    { what: '  … in times of before', value: after.heapUsed / before.heapUsed, unit: '×', atMost: 1.05 },
    { what: '  external before', value: before.external / MIB, unit: 'MiB' },
    { what: '  external after', value: after.external / MIB, unit: 'MiB' },
    { what: '  resident before', value: before.rss / MIB, unit: 'MiB' },
    { what: '  resident after', value: after.rss / MIB, unit: 'MiB' },
  ];
}

if (help || !(Number(count) > 0)) {
  process.stderr.write(USAGE);
  process.exitCode = 2;
} else {
  const cleanups: (() => void | Promise<void>)[] = [];
  const progress = (what: string): void => void process.stderr.write(`${what}\n`);
  try {
    progress(`seed ${seed}`);
    const outcomes = await fuzz(
      { after: (done) => cleanups.push(done) },
      { count: Number(count), seed: Number(seed), warmUp: Number(count) / 10, progress },
    );
    for (const outcome of outcomes) {
      for (const complaint of complaintsOf(outcome).slice(0, 20)) progress(complaint.slice(0, 2000));
      progress(JSON.stringify(Object.fromEntries([...outcome.fuzzed.statuses].sort())));
      progress(JSON.stringify(Object.fromEntries(outcome.fuzzed.logged)));
    }
    const figures = outcomes.flatMap(figuresOf);
    process.stdout.write(table(figures));
    if (!figures.every(accepted)) process.exitCode = 1;
  } finally {
    for (const cleanup of cleanups.reverse()) await cleanup();
  }
}
