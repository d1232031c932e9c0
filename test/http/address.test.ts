import assert from 'node:assert/strict';
import { test } from 'node:test';
import { clientAddress } from '../../src/http/address.ts';
import { TestServer } from '../support/server.ts';

for (const [what, proxies, forwarded, expected] of [
  ['no proxy is trusted: the peer', [], '192.0.2.1', '127.0.0.1'],
  ['the peer is trusted: what it says', ['loopback'], '192.0.2.1', '192.0.2.1'],
  ['and nothing left of it, which may be made up', ['loopback'], '10.6.6.6, 192.0.2.1', '192.0.2.1'],
  ['two proxies: what the outer one says', ['loopback', '10.0.0.0/8'], '192.0.2.6, 192.0.2.1, 10.1.1.1', '192.0.2.1'],
  ['only proxies: the farthest', ['loopback', '10.0.0.0/8'], '10.2.2.2, 10.1.1.1', '10.2.2.2'],
  ['IPv6', ['loopback'], '2001:db8::1', '2001:db8::1'],
  ['IPv4 written as IPv6 is IPv4', ['loopback'], '::ffff:192.0.2.1', '192.0.2.1'],
  ['another proxy is trusted: the peer', ['10.0.0.1'], '192.0.2.1', '127.0.0.1'],
  ['what is no address is not taken for one', ['loopback'], '<script>', '127.0.0.1'],
  ['nor is a name', ['loopback'], '192.0.2.1, localhost', '127.0.0.1'],
  ['nothing said: the peer', ['loopback'], '', '127.0.0.1'],
] as const) {
  test(`the address of a client: ${what}`, async (t) => {
    const server = await TestServer.start(t, { trustProxy: [...proxies] }, { production: true });
    await server.stream('', forwarded === '' ? '' : `X-Forwarded-For: ${forwarded}`);
    assert.equal(server.of('opened')[0]?.client.client.ip, expected);
  });
}

test('several lines are one list', async (t) => {
  const server = await TestServer.start(t, { trustProxy: 'loopback' });
  await server.stream('', 'X-Forwarded-For: 10.6.6.6\nX-Forwarded-For: 192.0.2.1');
  assert.equal(server.of('opened')[0]?.client.client.ip, '192.0.2.1');
});

test('a unix socket and a connection that has gone have no address', () => {
  const request = { socket: {}, headers: {} } as never;
  assert.equal(clientAddress([])(request), '');
  assert.equal(clientAddress(['loopback'])(request), '');
});
