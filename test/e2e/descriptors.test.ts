import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { Agent, get, type IncomingMessage } from 'node:http';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { whyNo } from '../support/needs.ts';
import { PROGRAM, type Program, startProgram, temporaryFolder } from '../support/program.ts';
import { samplesOf } from '../support/scrape.ts';
import { openStream } from './reader.ts';

/** As a shell does it whose user may open 64 files. */
const LIMITED = ['sh', '-c', 'ulimit -n 64 && exec "$@"', 'sh', process.execPath, ...PROGRAM] as const;

/** Connections that ask for a stream; each has been accepted, and been closed again or answered. */
async function crowd(t: TestContext, program: Program, size: number): Promise<{ sockets: Socket[]; heard: number }> {
  let heard = 0;
  const sockets = Array.from({ length: size }, () => connect(program.port, '127.0.0.1').on('error', () => {}));
  t.after(() => {
    for (const socket of sockets) socket.destroy();
  });
  await Promise.all(
    sockets.map(async (socket) => {
      socket.write('GET /sse HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n');
      await Promise.race([
        once(socket, 'data').then(() => heard++),
        new Promise((resolve) => socket.once('close', resolve)),
      ]).catch(() => {});
    }),
  );
  return { sockets, heard };
}

describe('64 file descriptors and 120 connections', { skip: whyNo('limit of open files', ['sh', '-c', 'ulimit -n 64']) }, () => {
  for (const shared of [true, false])
    it(`leave admin, files and the store what they need, with admin on ${shared ? 'the same port' : 'a listener of its own'}`, async (t) => {
      const store = join(temporaryFolder(), 'log');
      const own = shared ? [] : ['--admin-listen', '127.0.0.1:0'];
      const program = await startProgram(t, ['--store', store, ...own], { command: LIMITED });
      const warning = await program.logged({ level: 'warn', msg: /--max-clients 10000 needs about \d+ open files/ });
      const most = Number(/at most (\d+) clients/.exec(warning.msg)?.[1]);
      assert(most >= 10, warning.msg);

      const { sockets, heard } = await crowd(t, program, 120);
      assert(heard >= most, `${heard} of 120 were heard`);
      const stats = async () =>
        (await (await fetch(`${program.admin}stats`)).json()) as { clients: { total: number }; totals: { refused: object } };
      assert.equal((await stats()).clients.total, most, 'admin answers, and streams have their places');
      // These ask for nothing: whoever shares their port is shut out, until they are cut or go; a listener of admin's own isn't.
      const silent = Array.from({ length: 120 }, () => connect(program.port, '127.0.0.1').on('error', () => {}));
      sockets.push(...silent);
      await Promise.any(silent.map((socket) => once(socket, 'close')));
      await program.logged({ level: 'warn', msg: /^all file descriptors for connections are taken/ });
      if (!shared) {
        assert.equal((await program.publish({ data: 'x'.repeat(100_000) })).matched, most, 'and so does the store');
        const numbers = samplesOf(await (await fetch(new URL('/metrics', program.admin))).text());
        assert((numbers.get('sse_dropped_connections_total') ?? 0) > 0);
        assert.equal(numbers.get('sse_clients_limit'), most);
        const ready = await fetch(new URL('/readyz', program.admin));
        assert.equal(ready.status, 503);
        assert.match(await ready.text(), /file descriptors are taken/);
      }
      const told = program.log.filter(({ msg }) => msg.startsWith('all file descriptors'));
      assert(told.length <= 2, 'not once for each');

      const freed = performance.now();
      for (const socket of sockets) socket.destroy();
      await program.logged({ msg: 'there are file descriptors again' });
      const stream = await openStream(t, program.sse);
      const took = performance.now() - freed;
      t.diagnostic(`service is back ${took.toFixed(0)} ms after they were freed`);
      assert(took < 1000, `${took} ms`);
      await program.publish({ data: 'again' });
      await stream.has(1);
      assert.equal((await fetch(new URL('/readyz', program.url))).status, 200);
      assert.equal((await fetch(program.url)).status, 200);
      assert.deepEqual(await program.stop(), { code: 0, signal: null });
    });
});

it('a file that cannot be opened for want of descriptors is 503, not missing', {
  skip: whyNo('prlimit', ['prlimit', '-V']),
}, async (t) => {
  const program = await startProgram(t);
  const agent = new Agent({ keepAlive: true });
  const ask = async (path: string): Promise<number | undefined> => {
    const [response] = (await once(get(new URL(path, program.url), { agent }), 'response')) as [IncomingMessage];
    await once(response.resume(), 'end');
    return response.statusCode;
  };
  t.after(() => agent.destroy());
  assert.equal(await ask('/'), 200);
  // Fewer than are open: the connection that is there goes on, and nothing new can be opened.
  execFileSync('prlimit', ['--pid', String(program.pid), '--nofile=10:']);
  assert.equal(await ask('/app.js'), 503);
  execFileSync('prlimit', ['--pid', String(program.pid), '--nofile=1000:']);
  assert.equal(await ask('/app.js'), 200);
});
