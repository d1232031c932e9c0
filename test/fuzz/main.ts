import { parseArgs } from 'node:util';
import { accepted, type Figure, table } from '../bench/figures.ts';
import { complaintsOf, fuzz, type Outcome } from './fuzz.ts';

/** `npm run fuzz`: ends with 1 if anything was found, or the heap grew. */

const USAGE = `npm run fuzz -- [--count 1000000] [--seed 1]
  --count  at least so many requests, besides three tenths more before the heap is first looked at: until then V8
           compiles what has become hot, and bounded memos and the history fill
  --seed   the same requests again
`;
const { values } = parseArgs({ options: { count: { type: 'string' }, seed: { type: 'string' }, help: { type: 'boolean' } } });
const { count = '1000000', seed = String(Date.now() % 1_000_000), help = false } = values;
const MIB = 1024 * 1024;
/**
 * Of the count. Snapshots of the heap before and after a million differ by machine code, what V8 keeps of it (deoptimisation data, weak
 * lists, feedback) and next to nothing else; with the compiler off (NO_COMPILER=1) the heap stays as it is.
 */
const WARM_UP = 0.3;

function figuresOf(outcome: Outcome): Figure[] {
  const { fuzzed, before, after, answers } = outcome;
  return [
    { what: 'connections', value: fuzzed.connections, unit: '' },
    { what: '  requests', value: fuzzed.requests, unit: '' },
    { what: '  answers', value: answers, unit: '', atLeast: fuzzed.requests / 10 },
    { what: '  frames that an ordinary client got', value: fuzzed.listening.frames, unit: '' },
    { what: '  … with hostile data, as it was sent', value: fuzzed.listening.intact, unit: '', atLeast: 1 },
    { what: '  … had to come back', value: fuzzed.listening.returns, unit: '' },
    { what: '  lines of log', value: [...fuzzed.logged.values()].reduce((sum, lines) => sum + lines, 0), unit: '' },
    { what: '  uncaught', value: after.uncaught.length, unit: '', atMost: 0 },
    { what: '  complaints', value: complaintsOf(outcome).length, unit: '', atMost: 0 },
    { what: '  heap before', value: before.heapUsed / MIB, unit: 'MiB' },
    { what: '  heap after', value: after.heapUsed / MIB, unit: 'MiB' },
    { what: '  … in times of before', value: after.heapUsed / before.heapUsed, unit: '×', atMost: 1.05 },
    { what: '  external before', value: before.external / MIB, unit: 'MiB' },
    { what: '  external after', value: after.external / MIB, unit: 'MiB' },
    { what: '  resident before', value: before.rss / MIB, unit: 'MiB' },
    { what: '  resident after', value: after.rss / MIB, unit: 'MiB' },
  ];
}

/** A line of the series of heaps: what grows, and in which of V8's spaces. */
function seriesLine(heap: number, spaces: Readonly<Record<string, number>>): string {
  const held = Object.entries(spaces).filter(([, size]) => size > 0);
  return [`heap ${(heap / MIB).toFixed(2)} MiB`, ...held.map(([name, size]) => `${name} ${(size / MIB).toFixed(2)}`)].join(' · ');
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
      { count: Number(count), seed: Number(seed), warmUp: Number(count) * WARM_UP, progress },
    );
    for (const outcome of outcomes) {
      for (const complaint of complaintsOf(outcome).slice(0, 20)) progress(complaint.slice(0, 2000));
      progress(JSON.stringify(Object.fromEntries([...outcome.fuzzed.statuses].sort())));
      progress(JSON.stringify(Object.fromEntries(outcome.fuzzed.logged)));
      for (const { heapUsed, spaces } of outcome.series) progress(seriesLine(heapUsed, spaces));
    }
    const figures = outcomes.flatMap(figuresOf);
    process.stdout.write(table(figures));
    if (!figures.every(accepted)) process.exitCode = 1;
  } finally {
    for (const cleanup of cleanups.reverse()) await cleanup();
  }
}
