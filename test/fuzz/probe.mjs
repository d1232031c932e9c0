/**
 * Loaded into the program that is fuzzed (NODE_OPTIONS=--import), which has nothing of the kind itself: at SIGUSR2 it collects
 * garbage and writes what is left, and what nobody caught, to the file that PROBE names. With SNAPSHOTS, the name of a folder, a
 * snapshot of the heap is put there each time as well; with NO_COMPILER V8 only interprets, and its code does not grow.
 */
import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { getHeapSpaceStatistics, setFlagsFromString, writeHeapSnapshot } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
// Then what grows is no machine code.
if (process.env.NO_COMPILER) for (const flag of ['--no-opt', '--no-sparkplug']) setFlagsFromString(flag);
const gc = runInNewContext('gc');
const uncaught = [];
let asked = 0;

// Sees rejections too, and leaves to the program what it does with them.
process.on('uncaughtExceptionMonitor', (error, origin) => uncaught.push(`${origin}: ${error?.stack ?? error}`));
process.on('unhandledRejection', (error) => uncaught.push(`unhandledRejection: ${error?.stack ?? error}`));
process.on('SIGUSR2', async () => {
  // What the first collection lets go of, finalizers and weak references, the next ones find.
  for (let round = 0; round < 4; round++) {
    gc();
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  const { heapUsed, external, rss } = process.memoryUsage();
  const spaces = Object.fromEntries(getHeapSpaceStatistics().map((each) => [each.space_name, each.space_used_size]));
  asked++;
  if (process.env.SNAPSHOTS) writeHeapSnapshot(join(process.env.SNAPSHOTS, `${process.pid}-${asked}.heapsnapshot`));
  const file = process.env.PROBE;
  writeFileSync(`${file}.draft`, JSON.stringify({ asked, heapUsed, external, rss, spaces, uncaught }));
  renameSync(`${file}.draft`, file);
});
