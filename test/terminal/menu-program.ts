/** A program with a terminal and a made-up server behind it, for pty.test.ts. At SIGUSR2 it writes two lines of log and tells of a client. */
import { compileFilter } from '../../src/event/filter.ts';
import { identity } from '../../src/event/identity.ts';
import { createLog } from '../../src/terminal/log.ts';
import { openTerminal } from '../../src/terminal/open-terminal.ts';

const clients = [
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
let events = 0;
const count = (filter: string) => {
  const { matches } = compileFilter(filter);
  return { matched: clients.filter((client) => matches(client)).length, total: clients.length };
};

const terminal = openTerminal({
  input: process.stdin,
  output: process.stdout,
  control: {
    async send({ filter }) {
      const { matched } = count(typeof filter === 'string' ? filter : 'true');
      return { id: `e-${++events}`, matched };
    },
    count,
    clients: () => clients.map((client) => ({ client, since: Date.now() - 12_000, events, bytes: 0 })),
    stats: () => ({ clients: clients.length, events }),
    defaults: { event: 'message', data: 'hello', keyFilter: 'profile == "Administrator"' },
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
