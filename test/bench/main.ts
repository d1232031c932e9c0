import { parseArgs } from 'node:util';
import { audience } from './audience.ts';
import { churn } from './churn.ts';
import { compare } from './comparison.ts';
import { bounds, text } from './comparison-table.ts';
import { CONTENDERS } from './contenders.ts';
import { dashboard } from './dashboard.ts';
import { durable } from './durable.ts';
import { accepted, type Figure, table } from './figures.ts';
import { updateReadme } from './readme-figures.ts';
import { slow } from './slow.ts';
import { slowSenders } from './slow-senders.ts';
import { stop } from './stop.ts';
import { drop } from './storm.ts';

/** `npm run bench -- NAME`: ends with 1 if a figure is not accepted, or if a server that is compared failed. */

const NAMES = CONTENDERS.map(({ name }) => name);
const USAGE = `npm run bench -- [--quick] [--rounds N] [--only NAME]… [--json] [--update-readme]
  the server beside others: ${NAMES.join(', ')}
  --quick          less than a minute: one round, shorter, with fewer connections; nothing is judged
  --rounds N       medians of so many (default: 3)
  --only NAME      only these
  --update-readme  writes the table and the picture of README.md anew

npm run bench -- audience [--json]
npm run bench -- durable [--full] [--storm] [--json]
  --full   also a log of ten million events: minutes, and 3 GB of disk
  --storm  also 2 000 clients that return at once
  --json   for machines
Files are made in TMPDIR: put it on the disk in question.

npm run bench -- dashboard [--json]
  an open dashboard beside 10 000 clients and 1 000 events a second; wants Chromium and 10 100 open files

npm run bench -- slow-senders [--json]
  a thousand slow headers and a thousand slow bodies; wants slowhttptest and 2 100 open files

npm run bench -- stop [--json]
  SIGTERM at 10 000 clients, and when they come back; wants 10 400 open files

npm run bench -- slow [--seconds 120] [--rounds 3] [--json]
  1 000 clients and 10 that stall, each round without and with, then 10 000 clients: seven runs of so many seconds
npm run bench -- drop [--json]
  15 000 clients that are cut off and come back at once; wants as many open files
npm run bench -- churn [--json]
  200 000 clients that come and go
`;
const BENCHES = new Map(Object.entries({ audience, churn, dashboard, drop, durable, slow, 'slow-senders': slowSenders, stop }));

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    full: { type: 'boolean', default: false },
    storm: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    quick: { type: 'boolean', default: false },
    rounds: { type: 'string' },
    only: { type: 'string', multiple: true, default: [] },
    seconds: { type: 'string', default: '120' },
    'update-readme': { type: 'boolean', default: false },
  },
});
const { full, storm, json, quick, only } = values;
const rounds = Number(values.rounds ?? (quick ? 1 : 3));
const seconds = Number(values.seconds);
const isBad = !(seconds > 0) || !Number.isInteger(rounds) || rounds < 1 || only.some((name) => !NAMES.includes(name));

const cleanups: (() => void | Promise<void>)[] = [];
const after = (done: () => void | Promise<void>): void => void cleanups.push(done);
const progress = (what: string): void => void process.stderr.write(`${what} …\n`);

async function comparison(): Promise<boolean> {
  const found = await compare({ quick, rounds, only, progress, after });
  const figures = quick ? [] : bounds(found);
  process.stdout.write(json ? `${JSON.stringify({ ...found, figures })}\n` : text(found) + table(figures));
  for (const [name, reason] of Object.entries(found.failed)) process.stderr.write(`${name} failed: ${reason}\n`);
  if (values['update-readme']) updateReadme(found);
  return Object.keys(found.failed).length === 0 && figures.every(accepted);
}

async function named(measure: (bench: Parameters<typeof durable>[0]) => Promise<Figure[]>): Promise<boolean> {
  const figures = await measure({ full, storm, seconds, rounds, progress, after });
  process.stdout.write(json ? `${JSON.stringify(figures)}\n` : table(figures));
  return figures.every(accepted);
}

async function cleanUp(): Promise<void> {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
}

const name = positionals.join(' ');
const measure = BENCHES.get(name);
if (isBad || (name !== '' && !measure)) {
  process.stderr.write(USAGE);
  process.exitCode = 2;
} else {
  // Nothing that was started may go on alone.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void cleanUp().then(() => process.exit(1)));
  try {
    const isWell = measure ? await named(measure) : await comparison();
    if (!isWell) process.exitCode = 1;
  } finally {
    await cleanUp();
  }
}
