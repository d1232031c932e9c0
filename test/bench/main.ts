import { parseArgs } from 'node:util';
import { audience } from './audience.ts';
import { churn } from './churn.ts';
import { dashboard } from './dashboard.ts';
import { durable } from './durable.ts';
import { accepted, table } from './figures.ts';
import { slow } from './slow.ts';
import { drop } from './storm.ts';

/** `npm run bench -- NAME`: ends with 1 if a figure is not accepted. */

const USAGE = `npm run bench -- audience [--json]
npm run bench -- durable [--full] [--storm] [--json]
  --full   also a log of ten million events: minutes, and 3 GB of disk
  --storm  also 2 000 clients that return at once
  --json   for machines
Files are made in TMPDIR: put it on the disk in question.

npm run bench -- dashboard [--json]
  an open dashboard beside 10 000 clients and 1 000 events a second; wants Chromium and 10 100 open files

npm run bench -- slow [--seconds 120] [--rounds 3] [--json]
  1 000 clients and 10 that stall, each round without and with, then 10 000 clients: seven runs of so many seconds
npm run bench -- drop [--json]
  15 000 clients that are cut off and come back at once; wants as many open files
npm run bench -- churn [--json]
  200 000 clients that come and go
`;
const BENCHES = new Map(Object.entries({ audience, churn, dashboard, drop, durable, slow }));

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    full: { type: 'boolean' },
    storm: { type: 'boolean' },
    json: { type: 'boolean' },
    seconds: { type: 'string' },
    rounds: { type: 'string' },
  },
});
const { full = false, storm = false, json = false } = values;
const seconds = Number(values.seconds ?? 120);
const rounds = Number(values.rounds ?? 3);

const measure = BENCHES.get(positionals.join(' '));
if (!measure || !(seconds > 0 && rounds > 0)) {
  process.stderr.write(USAGE);
  process.exitCode = 2;
} else {
  const cleanups: (() => void | Promise<void>)[] = [];
  try {
    const progress = (what: string): void => void process.stderr.write(`${what} …\n`);
    const figures = await measure({ full, storm, seconds, rounds, progress, after: (done) => cleanups.push(done) });
    process.stdout.write(json ? `${JSON.stringify(figures)}\n` : table(figures));
    if (!figures.every(accepted)) process.exitCode = 1;
  } finally {
    for (const cleanup of cleanups.reverse()) await cleanup();
  }
}
