import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { TestServer } from '../support/server.ts';
import { wildRequest } from '../support/wild-requests.ts';

const bytes = fc.uint8Array({ maxLength: 40 }).map((all) => Buffer.from(all).toString('latin1'));
const wild = fc.oneof(
  { weight: 30, arbitrary: fc.array(wildRequest, { minLength: 1, maxLength: 3 }).map((all) => all.join('')) },
  { weight: 1, arbitrary: bytes },
);

test('whatever bytes come, the server answers or closes, and reports no failure', async (t) => {
  const statuses = new Map<string, number>();
  // A server of their own for some at a time: after the first sign of a proxy, much of it would be closed to the others.
  const rounds = Number(process.env.RUNS ?? 2500) / 50;
  const seed = Number(process.env.SEED ?? Date.now() % 1_000_000);
  for (let round = 0; round < rounds; round++) {
    const server = await TestServer.start(t);
    const requests = fc.sample(wild, { numRuns: 50, seed: seed + round });
    await Promise.all(
      requests.map(async (sent) => {
        const wire = server.connect();
        wire.socket.end(Buffer.from(sent, 'latin1'));
        await wire.until((received) => wire.closed || received.includes('\r\n\r\n'), `an answer to ${JSON.stringify(sent)}`);
        wire.socket.resetAndDestroy();
        for (const [, status = ''] of wire.received.matchAll(/^HTTP\/1\.1 (\d\d\d) /gm))
          statuses.set(status, (statuses.get(status) ?? 0) + 1);
      }),
    );
    assert.deepEqual(server.of('failed'), [], `SEED=${seed + round} ${JSON.stringify(requests)}`);
    assert.equal((await server.send('GET /livez')).status, 200);
  }
  // Deep enough to matter.
  for (const status of ['200', '202', '400', '403', '404', '405', '421'])
    assert(statuses.has(status), `no ${status}: ${JSON.stringify([...statuses])}`);
  assert(!statuses.has('500'));
});
