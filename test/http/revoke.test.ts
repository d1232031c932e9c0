import assert from 'node:assert/strict';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { temporaryFolder } from '../support/program.ts';
import { TestServer } from '../support/server.ts';

test('with very many clients and a store that cannot be written, a revocation counts and is answered 503', async (t) => {
  const folder = temporaryFolder();
  const users = join(folder, 'users.json');
  writeFileSync(users, JSON.stringify({ users: [{ id: '7', token: 'of-ada' }] }));
  const store = join(folder, 'log');
  const server = await TestServer.start(t, { users, store }, { mayFail: true });
  // So many that others run while they are looked at.
  const strangers = await Promise.all(Array.from({ length: 300 }, () => server.stream()));
  const ada = await server.stream('', 'Authorization: Bearer of-ada');
  const data = 'x'.repeat(1_000_000);
  const publish = () => server.broadcast('Content-Type: text/plain\nX-Filter: id == "nobody"', data);
  assert.equal((await publish()).status, 202);
  rmSync(store, { recursive: true });
  writeFileSync(store, 'not a folder');
  // It goes on until the store begins another file.
  for (let n = 0; n < 20 && (await publish()).status === 202; n++);
  rmSync(store);
  mkdirSync(join(store, 'LOCK'), { recursive: true });
  const revoke = (order: object) => server.send('POST /admin/revoke\nContent-Type: application/json', JSON.stringify(order));
  // Until it was tried to open it anew; from then on it is closed, and says no at once.
  const end = performance.now() + 5000;
  while (!(await revoke({ jti: 'of nobody' })).body.includes('cannot be read')) assert(performance.now() < end);
  const { status, body } = await revoke({ sub: '7' });
  assert.equal(status, 503);
  assert.match(body, /what was revoked is, but a restart forgets it/);
  assert.match((await ada.event('sse.bye')).data, /revoked/);
  assert.equal((await server.send('GET /sse\nAuthorization: Bearer of-ada')).status, 401);
  assert.equal(server.app.hub.size, strangers.length);
});
