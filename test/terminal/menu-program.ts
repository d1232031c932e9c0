/** A program with a terminal and a made-up server behind it, for pty.test.ts. At SIGUSR2 it writes two lines of log and tells of a client. */
import { typeProblem } from '../../src/event/draft.ts';
import { compileFilter } from '../../src/event/filter.ts';
import { type Client, identity } from '../../src/event/identity.ts';
import type { LogLevel } from '../../src/log-levels.ts';
import { createLog } from '../../src/terminal/log.ts';
import { openTerminal } from '../../src/terminal/open-terminal.ts';

const clients: Client[] = [
  {
    ...identity({ profile: 'Administrator', name: 'Ada', login: 'ada' }),
    topics: ['a'],
    client: { id: 'c1', ip: '127.0.0.1' },
  },
  {
    ...identity({ profile: 'Guest' }),
    topics: [],
    client: { id: 'c2', ip: '127.0.0.1' },
  },
  { ...identity({}), topics: [], client: { id: 'c3', ip: '::1' } },
];
/** More of them, as many as are asked for. */
for (let n = 4; n <= Number(process.env.CLIENTS ?? 3); n++)
  clients.push({ ...identity({ profile: 'Crowd' }), topics: [], client: { id: `c${n}`, ip: '127.0.0.1' } });
let events = 0;
let level: LogLevel = 'info';
const since = Date.now() - 12_000;
const find = async (filter: string) => {
  const { matches } = compileFilter(filter);
  return { clients: new Set(clients.filter(matches).map(({ client }) => client.id)), admits: matches };
};
const connected = (client: Client) => ({ client, since, events, bytes: 0 });

const terminal = openTerminal({
  input: process.stdin,
  output: process.stdout,
  control: {
    async send({ filter }) {
      const { clients: found } = await find(typeof filter === 'string' ? filter : 'true');
      return { id: `e-${++events}`, matched: found.size };
    },
    find,
    typeProblem,
    clients: () => clients.map(connected),
    client(id) {
      const client = clients.find((one) => one.client.id === id);
      return client && { ...connected(client), state: 'live', lastEventId: 'e-0', behind: 0, missed: 0 };
    },
    kick(id) {
      const at = clients.findIndex(({ client }) => client.id === id);
      const [client] = at < 0 ? [] : clients.splice(at, 1);
      if (!client) return false;
      terminal.observe({ kind: 'closed', client, clients: clients.length, reason: 'kicked', duration: 12_000, events, bytes: 0 });
      return true;
    },
    async *events() {},
    stats: () => ({ clients: clients.length, events }),
    logLevel: {
      get: () => level,
      set(next) {
        level = next;
      },
    },
    defaults: { event: 'message', data: 'hello', keyFilter: 'profile == "Administrator"', tick: 50 },
    paceOf: Number,
    reload: async () => ({ changed: [], needsRestart: [], ended: 0, warnings: [] }),
    urls: () => 'http://localhost:2015/',
    open: async () => ({ url: 'http://localhost:2015/', opened: false }),
    stop(how) {
      terminal.close();
      console.log(`stopped by ${how}`);
      process.exit(how === 'quit' ? 0 : 130);
    },
    suspend: () => void process.kill(0, 'SIGTSTP'),
  },
});
const log = await createLog({
  level: 'info',
  format: terminal.interactive ? 'pretty' : 'json',
  destination: terminal.destination,
});
process.on('SIGCONT', () => terminal.continued());
process.on('SIGUSR2', () => {
  log.info({ n: 1 }, 'first log line');
  log.warn('second \u001b[2J log line');
  const [client] = clients;
  if (client) terminal.observe({ kind: 'opened', client, clients: clients.length });
});
// The server that keeps a real program alive.
setInterval(() => {}, 1000);
terminal.start();
terminal.print(`pid ${process.pid}.`);
