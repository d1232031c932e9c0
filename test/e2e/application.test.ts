import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { createSseServer, SseError } from '../../src/index.ts';
import { startProgram } from '../support/program.ts';
import { TokenMaker } from '../support/tokens.ts';
import { openStream, Reader } from './reader.ts';

const SESSIONS: Readonly<Record<string, object>> = {
  ada: { id: 1, login: 'ada', profile: 'Administrator', topics: ['orders/1'], expiresIn: 3600 },
  bob: { id: 2, login: 'bob', profile: 'Member' },
};

/** A back end with sessions of its own. */
async function backEnd(t: TestContext): Promise<{ url: string; stop(): Promise<void> }> {
  const server = createServer((req: IncomingMessage, res: ServerResponse) => {
    const session = /session=(\w+)/.exec(req.headers.cookie ?? '')?.[1];
    if (session === 'banned') return void res.writeHead(403).end();
    if (session === undefined || !SESSIONS[session]) return void res.writeHead(401).end();
    res.setHeader('content-type', 'application/json').end(JSON.stringify(SESSIONS[session]));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const stop = async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  t.after(() => server.listening && stop());
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/sse-auth`, stop };
}

describe('an application that is asked', () => {
  it('says who a client is by its own session, and subscribes it', async (t) => {
    const { url } = await backEnd(t);
    const program = await startProgram(t, ['--auth-url', url]);
    const ada = await openStream(t, program.sse, { cookie: 'session=ada' });
    const bob = await openStream(t, program.sse, { cookie: 'session=bob' });
    await program.publish({ data: 'to administrators', filter: { profile: 'Administrator' } });
    await program.publish({ data: 'order', topics: ['orders/1'] });
    await program.publish({ data: 'to bob', filter: 'login == "bob"' });
    assert.deepEqual(
      (await ada.has(2)).map(({ data }) => data),
      ['to administrators', 'order'],
    );
    assert.deepEqual(
      (await bob.has(1)).map(({ data }) => data),
      ['to bob'],
    );
    assert.equal((await fetch(program.sse)).status, 401);
    assert.equal((await fetch(program.sse, { headers: { cookie: 'session=banned' } })).status, 403);
  });

  it('gives tickets for its sessions too', async (t) => {
    const { url } = await backEnd(t);
    const program = await startProgram(t, ['--auth-url', url]);
    const response = await fetch(`${program.sse}/ticket`, { method: 'POST', headers: { cookie: 'session=ada' } });
    const { ticket, expiresIn } = (await response.json()) as { ticket: string; expiresIn: number };
    assert(expiresIn > 3500);
    const stream = await openStream(t, `${program.sse}?ticket=${ticket}`);
    assert.equal(stream.control('sse.open')[0]?.profile, 'Administrator');
  });

  it('that is down refuses programs with 503, and tells event streams to come back', async (t) => {
    const { url, stop } = await backEnd(t);
    const program = await startProgram(t, ['--auth-url', url]);
    await stop();
    const refused = await fetch(program.sse, { headers: { accept: '*/*' } });
    assert.equal(refused.status, 503);
    assert(Number(refused.headers.get('retry-after')) >= 5);
    const stream = await Reader.open(t, program.sse);
    await stream.ended;
    assert.equal(stream.status, 200);
    assert.match(stream.raw, /^retry: (\d{4,5})\n\n$/);
    assert.deepEqual(stream.all, []);
    assert.equal(program.log.filter(({ level }) => level === 'error').length, 1, 'told once');
  });

  it('is a function where the server is part of a program', async (t) => {
    const server = createSseServer({
      port: 0,
      requireAuth: true,
      authenticate: async ({ headers, query, ip }) => {
        assert.equal(ip, '127.0.0.1');
        if (query.get('key') === 'bad') throw new SseError('invalid-credential', 'no such key');
        if (query.get('key') === 'defect') throw new TypeError('a mistake');
        return headers['x-user'] === undefined ? undefined : { id: headers['x-user'], profile: 'Member' };
      },
    });
    const { sse } = await server.start();
    t.after(() => server.stop());
    await openStream(t, sse, { 'x-user': '7' });
    assert.equal(server.clients()[0]?.client.id, '7');
    assert.equal((await fetch(sse)).status, 401);
    assert.equal((await fetch(`${sse}?key=bad`)).status, 401);
    assert.equal((await fetch(`${sse}?key=defect`, { headers: { accept: '*/*' } })).status, 503);
    assert.equal(server.totals().failed, 1);
  });
});

describe('a token in the URL', () => {
  it('counts where that was allowed, and nowhere else', async (t) => {
    const maker = new TokenMaker();
    const token = maker.token({ sub: '7', profile: 'Administrator' });
    const allowed = await maker.start(t, ['--allow-query-token', '--require-auth']);
    const stream = await openStream(t, `${allowed.sse}?jwt=${token}`);
    assert.equal(stream.control('sse.open')[0]?.profile, 'Administrator');
    assert.equal((await fetch(`${allowed.sse}?jwt=${token}x`)).status, 401);
    await allowed.logged({ level: 'warn', msg: /--allow-query-token/ });
    assert(!allowed.stdout.includes(token) && !allowed.stderr.includes(token));
    const refusing = await maker.start(t, ['--require-auth']);
    assert.equal((await fetch(`${refusing.sse}?jwt=${token}`)).status, 401);
  });

  it('in a cookie counts for pages that may act for their visitor only', async (t) => {
    const maker = new TokenMaker();
    const program = await maker.start(t, ['--cors', '*', '--cors', 'https://app.example.com']);
    const cookie = `sse_token=${maker.token({ sub: '7' })}`;
    const status = async (headers: Record<string, string>) => {
      const { status: found, body } = await fetch(program.sse, { headers: { cookie, ...headers } });
      await body?.cancel();
      return found;
    };
    assert.equal(await status({}), 200);
    assert.equal(await status({ origin: 'https://app.example.com' }), 200);
    assert.equal(await status({ origin: 'https://evil.test' }), 403);
    assert.equal(await status({ 'sec-fetch-site': 'cross-site' }), 403);
    assert.equal(await status({ 'sec-fetch-site': 'same-origin' }), 200);
  });
});
