/**
 * Loaded into the program that is fuzzed (NODE_OPTIONS=--import), which has nothing of the kind itself: at SIGUSR2 it collects
 * garbage and writes what is left, and what nobody caught, to the file that PROBE names.
 */
import { renameSync, writeFileSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
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
  const file = process.env.PROBE;
  writeFileSync(`${file}.draft`, JSON.stringify({ asked: ++asked, heapUsed, external, rss, uncaught }));
  renameSync(`${file}.draft`, file);
});
