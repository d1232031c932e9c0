import { parseDraft } from '../../src/event/draft.ts';
import { type Client, identity } from '../../src/event/identity.ts';
import { Hub } from '../../src/hub/hub.ts';
import { MemoryLog } from '../../src/hub/memory-log.ts';
import type { Subscriber } from '../../src/hub/subscriber.ts';
import type { Bench } from './bench.ts';
import { type Figure, median, quantile } from './figures.ts';
import { WORST } from './worst-filters.ts';

const CLIENTS = 10_000;
const FEW = 10;
const ROUNDS = 15;
const PUBLISHES = 1000;

/** What finding those costs whom an event is for, in a hub with clients that are no sockets. */
export async function audience(bench: Bench): Promise<Figure[]> {
  return [...(await oneLogin(bench)), ...(await twoConditions(bench)), ...(await worst(bench))];
}

async function oneLogin(bench: Bench): Promise<Figure[]> {
  bench.progress(`an event for one login, with ${FEW} and with ${CLIENTS} clients`);
  const user = (index: number) => ({ login: `login-${index}`, profile: 'Member', roles: ['dev'] });
  const hubs = [hubOf(FEW, user), hubOf(CLIENTS, user)];
  const draft = parseDraft({ data: 'x'.repeat(100), filter: { login: 'login-7' } });
  const publishes = async (hub: Hub): Promise<void> => {
    for (let sent = 0; sent < PUBLISHES; sent++) await hub.publish([draft], 'bench');
    await turn();
  };
  const costs: number[][] = hubs.map(() => []);
  // They take turns, so that a machine that is busy for a while is busy for both.
  for (let round = 0; round <= ROUNDS; round++)
    for (const [index, hub] of hubs.entries()) {
      const cost = await cpu(() => publishes(hub));
      if (round > 0) costs[index]?.push(cost / PUBLISHES);
    }
  const [few = 0, many = 0] = costs.map(median);
  return [
    { what: `CPU of a publish for one login, ${FEW} clients`, value: few, unit: 'ms' },
    { what: `CPU of a publish for one login, ${CLIENTS} clients`, value: many, unit: 'ms' },
    { what: `  times that with ${FEW}`, value: many / few, unit: '×', atMost: 3 },
  ];
}

async function twoConditions(bench: Bench): Promise<Figure[]> {
  const figures: Figure[] = [];
  const filter = 'profile == "Administrator" && "ops" in roles';
  const isChosen = (index: number): boolean => index % 100 === 0;
  for (const [who, user] of [
    ['all alike, all match', () => ({ profile: 'Administrator', roles: ['dev', 'ops'] })],
    [
      'all different, 1 % match',
      (index: number) => ({
        login: `login-${index}`,
        profile: isChosen(index) ? 'Administrator' : 'Member',
        roles: isChosen(index) ? ['dev', 'ops'] : ['dev', `team-${index}`],
      }),
    ],
    [
      'all different, all Administrators and ops',
      (index: number) => ({ login: `login-${index}`, profile: 'Administrator', roles: [`team-${index}`, 'ops'] }),
    ],
  ] as const) {
    bench.progress(`two conditions, ${who}`);
    const { cost } = await selecting(hubOf(CLIENTS, user), filter);
    figures.push({ what: `CPU of ${filter}, ${who}`, value: cost, unit: 'ms', atMost: 5 });
  }
  return figures;
}

async function worst(bench: Bench): Promise<Figure[]> {
  bench.progress(`${CLIENTS} clients that have nothing in common, with all that they may have`);
  const hub = hubOf(CLIENTS, (index) => ({
    id: `${index}`.padEnd(32, 'i'),
    login: `login-${index}`.padEnd(64, 'l'),
    name: `Näme ${index}`.padEnd(64, 'n'),
    mail: `${index}@example.com`,
    profile: `profile-${index}`,
    roles: Array.from({ length: 64 }, (_, role) => `role-${index}-${role}-abcdef`),
    topics: Array.from({ length: 64 }, (_, topic) => `topic-${index}-${topic}-abcdef`),
    claims: {
      groups: Array.from({ length: 200 }, (_, group) => `group-${index}-${group}`),
      text: 'x'.repeat(500),
      map: { a: index },
    },
  }));
  const found: Selecting[] = [];
  for (const filter of WORST) {
    bench.progress(filter);
    found.push(await selecting(hub, filter));
  }
  return [
    ...WORST.map(
      (filter, index): Figure => ({ what: `CPU of ${shortened(filter)}`, value: found[index]?.cost ?? 0, unit: 'ms' }),
    ),
    { what: 'the worst of these', value: Math.max(...found.map(({ cost }) => cost)), unit: 'ms', atMost: 50 },
    {
      what: '  longest that the event loop was blocked meanwhile',
      value: Math.max(...found.map(({ blocked }) => blocked)),
      unit: 'ms',
      atMost: 20,
    },
  ];
}

function shortened(text: string): string {
  return text.length <= 60 ? text : `${text.slice(0, 59)}…`;
}

interface Selecting {
  /** CPU time of finding out once whom a filter has, in ms: the least of all rounds, since what else the machine does only adds to it. */
  readonly cost: number;
  /** The longest that the event loop was blocked meanwhile, in ms: what a quarter of the rounds keep to, as others may take the processor away. */
  readonly blocked: number;
}

async function selecting(hub: Hub, filter: string): Promise<Selecting> {
  const { audience } = parseDraft({ data: '', filter });
  const costs: number[] = [];
  const blocks: number[] = [];
  for (let round = 0; round <= ROUNDS; round++) {
    const stop = probe();
    const cost = await cpu(() => hub.find(audience));
    const blocked = stop();
    if (round === 0) continue; // The machine code is still being made.
    costs.push(cost);
    blocks.push(blocked);
  }
  return { cost: Math.min(...costs), blocked: quantile(blocks, 0.25) };
}

/** Looks in every turn of the event loop how long the one before has taken. */
function probe(): () => number {
  let longest = 0;
  let last = performance.now();
  let running = true;
  const look = (): void => {
    const now = performance.now();
    longest = Math.max(longest, now - last);
    last = now;
    if (running) setImmediate(look);
  };
  setImmediate(look);
  return () => {
    look();
    running = false;
    return longest;
  };
}

/** The CPU time that something takes this process, in ms. */
async function cpu(work: () => Promise<unknown>): Promise<number> {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

function turn(): Promise<void> {
  return new Promise((resume) => setImmediate(resume));
}

const deaf: Subscriber = { write: () => true, taken: 0, end: () => {} };

function hubOf(size: number, who: (index: number) => Partial<Client>): Hub {
  const hub = new Hub({
    log: new MemoryLog({ epoch: 'bench', now: Date.now }),
    history: { events: 1000, age: 3_600_000, bytes: 16 * 1024 * 1024 },
    onGap: 'oldest',
    retry: 2000,
    heartbeat: 15_000,
    maxAge: 0,
    notice: 0,
    stallTime: 30_000,
    observe: () => {},
  });
  for (let index = 0; index < size; index++) {
    // As from a token: texts made by joining others are slower to read.
    const { topics = [], ...parts } = JSON.parse(JSON.stringify(who(index))) as Partial<Client>;
    hub.attach(deaf, { ...identity(parts), topics, client: { id: `client-${index}`, ip: '127.0.0.1' } });
  }
  return hub;
}
