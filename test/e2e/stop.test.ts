import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { type Program, startProgram } from '../support/program.ts';
import { openStream, type Reader } from './reader.ts';

/** A client that asks for the stream and reads nothing of it. Settles when the server cannot get rid of more to it. */
async function stalledClient(t: TestContext, program: Program): Promise<Socket> {
  const socket = connect(program.port, '127.0.0.1');
  t.after(() => void socket.destroy());
  socket.on('error', () => {}).pause();
  await once(socket, 'connect');
  socket.write(`GET /sse HTTP/1.1\r\nHost: localhost:${program.port}\r\n\r\n`);
  await program.logged({ msg: 'stream opened' });
  // More than the kernel takes for both sides (tcp_wmem and tcp_rmem, 4 and 6 MiB).
  for (let n = 0; n < 24; n++) await program.publish({ data: 'x'.repeat(1_000_000) });
  return socket;
}
const KEEP = ['--history-bytes', '64mb', '--stall-time', '1h'];

describe('stopping', () => {
  it('lets 1 000 clients go in peace, each with its own reconnection time and a goodbye, within the drain time', async (t) => {
    const program = await startProgram(t, ['--drain-time', '5s', '--retry', '2s', '--log-level', 'warn']);
    const clients: Reader[] = [];
    for (let batch = 0; batch < 10; batch++)
      clients.push(...(await Promise.all(Array.from({ length: 100 }, () => openStream(t, program.sse)))));
    assert.equal((await program.publish({ data: 'the last one' })).matched, 1000);

    const started = performance.now();
    const exit = program.stop('SIGTERM');
    await Promise.all(clients.map((client) => client.ended));
    const ended = performance.now() - started;
    assert.deepEqual(await exit, { code: 0, signal: null });
    t.diagnostic(
      `1 000 streams ended in ${ended.toFixed(0)} ms, the program ${(performance.now() - started).toFixed(0)} ms after the signal`,
    );
    assert(ended < 5000, `${ended} ms`);

    const times = clients.map((client) => {
      assert.deepEqual(client.data, ['the last one'], 'what was accepted was sent');
      const [goodbye] = client.raw.split('\n\n').slice(-2);
      assert.match(goodbye ?? '', /^event: sse\.bye$/m);
      assert.match(goodbye ?? '', /^data: \{"reason":"shutdown"\}$/m);
      const retry = Number(/^retry: (\d+)$/m.exec(goodbye ?? '')?.[1]);
      assert(retry >= 2000 && retry <= 6000, `${retry}`);
      return retry;
    });
    assert(new Set(times).size > 500, 'they do not come back all at once');
  });

  it('does not wait for a client that hangs beyond the drain time', async (t) => {
    const program = await startProgram(t, ['--drain-time', '1s', ...KEEP]);
    await stalledClient(t, program);
    const other = await openStream(t, program.sse);
    const started = performance.now();
    assert.deepEqual(await program.stop('SIGTERM'), { code: 0, signal: null });
    const took = performance.now() - started;
    t.diagnostic(`ended ${took.toFixed(0)} ms after the signal, with a drain time of 1 000 ms`);
    assert(took >= 900 && took < 3000, `${took} ms`);
    await other.ended;
    assert.deepEqual(other.control('sse.bye'), [{ reason: 'shutdown' }]);
    assert.equal((await program.logged({ msg: 'stream closed', reason: 'shutdown' })).level, 'info');
  });

  it('ends at once at the second signal', async (t) => {
    const program = await startProgram(t, ['--drain-time', '10m', ...KEEP]);
    await stalledClient(t, program);
    program.child.kill('SIGTERM');
    await program.logged({ msg: /stopping/ });
    assert.equal(program.ended, undefined);
    const started = performance.now();
    assert.deepEqual(await program.stop('SIGTERM'), { code: 0, signal: null });
    assert(performance.now() - started < 2000);
  });

  it('takes nobody and nothing any more while it drains', async (t) => {
    const program = await startProgram(t, ['--drain-time', '10m', ...KEEP]);
    await stalledClient(t, program);
    program.child.kill('SIGTERM');
    await program.logged({ msg: /stopping/ });
    await assert.rejects(fetch(program.url), /fetch failed/);
    await assert.rejects(program.publish({ data: 'too late' }), /fetch failed/);
    await program.stop('SIGTERM');
  });

  it('ends with 130 after an interrupt, and not at all at a hang-up without a terminal', async (t) => {
    const program = await startProgram(t);
    program.child.kill('SIGHUP');
    await program.logged({ msg: /^SIGHUP/ });
    assert.equal((await program.publish({ data: 'still there' })).matched, 0);
    assert.deepEqual(await program.stop('SIGINT'), { code: 130, signal: null });
  });
});
