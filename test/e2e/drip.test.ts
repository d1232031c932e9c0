import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { it } from 'node:test';
import { startProgram } from '../support/program.ts';

it('a client that takes a large event slowly, and never pauses for the stall time, is not closed', async (t) => {
  const program = await startProgram(t, ['--stall-time', '1s', '--body-limit', '64mb', '--history-bytes', '64mb']);
  const socket = connect(program.port, '127.0.0.1');
  t.after(() => void socket.destroy());
  socket.write('GET /sse HTTP/1.1\r\nHost: localhost\r\n\r\n');
  await program.logged({ msg: 'stream opened' });
  const size = 32_000_000;
  let taken = 0;
  const over = new Promise<void>((resolve) => {
    socket.on('data', (bytes: Buffer) => {
      taken += bytes.length;
      if (taken >= size) resolve();
      socket.pause();
      // 1 MB each 60 ms at most: about 2 s for all of it, twice the stall time.
      setTimeout(() => socket.resume(), (bytes.length / 1_000_000) * 60);
    });
    socket.on('close', resolve);
  });
  const began = performance.now();
  await program.publish({ data: 'x'.repeat(size) });
  await over;
  assert(taken >= size, `closed after ${taken} bytes`);
  const took = performance.now() - began;
  assert(took > 1500, `it was not slow: ${took} ms`);
});
