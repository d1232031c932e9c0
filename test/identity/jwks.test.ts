import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { describe, it, type TestContext } from 'node:test';
import { SseError } from '../../src/errors.ts';
import { RemoteKeys, type RemoteKeysOptions } from '../../src/identity/jwks.ts';
import { KeyServer } from '../support/key-server.ts';

const jwkOf = (kid: string) => ({ ...generateKeyPairSync('ed25519').publicKey.export({ format: 'jwk' }), kid });
const [a, b, c] = [jwkOf('a'), jwkOf('b'), jwkOf('c')];

/** A key server, what fetches from it, a clock that stands still until it is moved, and what was reported. */
async function bench(t: TestContext, keys: readonly object[], options: Partial<RemoteKeysOptions> = {}) {
  const server = await KeyServer.start(t, keys);
  const time = { now: 0 };
  const failures: string[] = [];
  const remote = new RemoteKeys({
    url: server.url,
    allowed: [],
    clock: () => time.now,
    failed: ({ message }) => void failures.push(message),
    ...options,
  });
  /** The ids that are found for one, or the error's code. */
  const find = async (id?: string): Promise<string> => {
    try {
      return (await remote.find(id)).map((key) => key.id).join();
    } catch (error) {
      assert(error instanceof SseError, `a defect: ${error}`);
      return error.code;
    }
  };
  return { server, remote, time, failures, find };
}

const fails = (response: ServerResponse) => void response.writeHead(500).end();
const hangs = () => {};

describe('Keys of a provider', () => {
  it('are fetched once, for all who wait', async (t) => {
    const { server, find } = await bench(t, [a, b]);
    assert.deepEqual(await Promise.all([find('a'), find('b'), find(), find('a')]), ['a', 'b', 'a,b', 'a']);
    assert.equal(server.requests, 1);
  });

  it('are fetched again for a key that is not among them, at once', async (t) => {
    const { server, remote, find } = await bench(t, [a]);
    await remote.refresh();
    assert.equal(await find('a'), 'a');
    server.keys = [b, c];
    assert.deepEqual(await Promise.all([find('b'), find('c')]), ['b', 'c']);
    assert.equal(server.requests, 2);
    assert.equal(await find('a'), '', 'what its owner took back counts no more');
  });

  it('are not fetched for every key that somebody makes up', async (t) => {
    const { server, time, find } = await bench(t, [a]);
    for (let i = 0; i < 1000; i++) assert.equal(await find(`made up ${i}`), '');
    assert.equal(server.requests, 5);
    server.keys = [a, b];
    assert.equal(await find('b'), '');
    time.now += 10_000;
    assert.equal(await find('b'), 'b');
    assert.equal(server.requests, 6);
  });

  it('are fetched again after ten minutes, and nobody waits for it', async (t) => {
    const { server, time, find } = await bench(t, [a]);
    await find('a');
    const asked = new Promise<void>((resolve) => {
      server.answer = () => resolve();
    });
    time.now += 10 * 60_000 + 1;
    assert.equal(await find('a'), 'a');
    await asked;
    assert.equal(await find('a'), 'a');
    assert.equal(server.requests, 2);
  });

  it('are kept when they cannot be fetched, and that is reported once for each outage', async (t) => {
    const { server, remote, time, failures, find } = await bench(t, [a]);
    await remote.refresh();
    for (let outage = 1; outage <= 2; outage++) {
      server.answer = fails;
      for (let i = 0; i < 3; i++) {
        time.now += 10_000;
        assert.equal(await find('b'), 'unverifiable', 'it may be one that cannot be seen now');
        assert.equal(await find('a'), 'a');
      }
      assert.deepEqual(failures, Array(outage).fill('it answered 500'));
      server.answer = (response) => void response.end(JSON.stringify({ keys: [a] }));
      time.now += 10_000;
      assert.equal(await find('b'), '');
    }
  });

  it('that were never there leave it open whether a token is good', async (t) => {
    const { server, time, find } = await bench(t, [a]);
    server.answer = fails;
    for (let i = 0; i < 10; i++) assert.equal(await find('a'), 'unverifiable');
    assert.equal(server.requests, 5);
    server.answer = (response) => void response.end(JSON.stringify({ keys: [a] }));
    time.now += 10_000;
    assert.equal(await find('a'), 'a');
  });

  it('keep nobody waiting longer than the time-out, and those with a known key not at all', async (t) => {
    const { server, remote, failures, find } = await bench(t, [a], { timeout: 50 });
    await remote.refresh();
    server.answer = hangs;
    const waiting = find('b');
    assert.equal(await find('a'), 'a');
    assert.deepEqual(failures, [], 'the fetch is still on its way');
    assert.equal(await waiting, 'unverifiable');
    assert.deepEqual(failures, ['no answer within 0.05 s']);
  });

  it('that begin to come and never end are given up at the time-out too', async (t) => {
    const { server, failures, find } = await bench(t, [a], { timeout: 50 });
    server.answer = (response) => void response.write('{"keys":[');
    assert.equal(await find('a'), 'unverifiable');
    assert.deepEqual(failures, ['no answer within 0.05 s']);
  });

  for (const [what, answer, reason] of [
    ['an error', fails, 'it answered 500'],
    ['no JSON', (response: ServerResponse) => void response.end('<html>'), 'it is not JSON'],
    ['no keys', (response: ServerResponse) => void response.end('{"keys":[]}'), 'it has no key that can be used'],
    ['no set', (response: ServerResponse) => void response.end('[]'), 'it must be a JWK set: {"keys":[…]}'],
    [
      'nothing but a secret',
      (response: ServerResponse) => void response.end('{"keys":[{"kty":"oct","k":"c2VjcmV0"}]}'),
      'it has no key that can be used; the first is a symmetric key; a secret is given as --jwt-secret-file',
    ],
    [
      'too much',
      (response: ServerResponse) => void response.end(`{"keys":[],"x":"${'x'.repeat(300_000)}"}`),
      'it has more than 256 KiB',
    ],
    ['no UTF-8', (response: ServerResponse) => void response.end(Buffer.from([0xff])), 'it is not JSON'],
    ['another place', (response: ServerResponse) => void response.writeHead(302, { location: '/other' }).end(), /redirect/],
    ['an end in the middle', (response: ServerResponse) => void response.socket?.destroy(), 'the connection broke off'],
  ] as const)
    it(`are not what is answered with ${what}: those that are known stay`, async (t) => {
      const { server, remote, failures, find } = await bench(t, [a]);
      await remote.refresh();
      server.answer = answer;
      await remote.refresh();
      if (typeof reason === 'string') assert.deepEqual(failures, [reason]);
      else assert.match(failures.join(), reason);
      assert.equal(await find('a'), 'a');
    });

  it('may be for what is configured only', async (t) => {
    const { remote, find } = await bench(t, [a], { allowed: ['EdDSA', 'RS256'] });
    assert.deepEqual(remote.algorithms, ['RS256', 'EdDSA']);
    assert.equal(await find('a'), 'a');
    assert(!(await bench(t, [a])).remote.algorithms.some((algorithm) => algorithm.startsWith('HS')));
  });

  it('at a place where nobody listens are an outage like any other', async (t) => {
    const { failures, find } = await bench(t, [], { url: 'http://127.0.0.1:9/jwks' });
    assert.equal(await find('a'), 'unverifiable');
    assert.equal(failures.length, 1);
  });
});
