import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { launchChromium, until, watchedPage, whyNoChromium } from '../support/chromium.ts';
import { type Program, startProgram, temporaryFolder } from '../support/program.ts';
import { Relay } from '../support/relay.ts';
import { openStream, Reader } from './reader.ts';

const TOKENS = { ada: 'token-of-ada-0123456789', bob: 'token-of-bob-0123456789' };

/** A program that knows two users by their tokens. */
function withUsers(t: TestContext, args: readonly string[] = []): Promise<Program> {
  const users = join(temporaryFolder(), 'users.json');
  const list = [
    { token: TOKENS.ada, id: '1', login: 'ada', profile: 'Administrator', topics: ['a', 'orders/*'] },
    { token: TOKENS.bob, id: '2', login: 'bob', profile: 'Member' },
  ];
  writeFileSync(users, JSON.stringify({ users: list }));
  return startProgram(t, ['--users', users, '--require-auth', '--retry', '500ms', ...args]);
}

const bearer = (who: keyof typeof TOKENS) => ({ authorization: `Bearer ${TOKENS[who]}` });

async function ticketFor(program: Program, who: keyof typeof TOKENS): Promise<string> {
  const response = await fetch(`${program.sse}/ticket`, { method: 'POST', headers: bearer(who) });
  assert.equal(response.status, 200);
  assert.equal(response.headers.get('cache-control'), 'no-store');
  const { ticket, opensWithin, ...others } = (await response.json()) as { ticket: string; opensWithin: number };
  assert.equal(opensWithin, 30);
  assert.deepEqual(others, {}, 'a token of a users file has no end');
  return ticket;
}

describe('a ticket', () => {
  it('opens a stream in the name of whoever asked for it, and one at a time', async (t) => {
    const program = await withUsers(t);
    const ticket = await ticketFor(program, 'ada');
    const stream = await openStream(t, `${program.sse}?ticket=${ticket}`);
    assert.deepEqual(stream.control('sse.open')[0]?.profile, 'Administrator');
    const second = await fetch(`${program.sse}?ticket=${ticket}`);
    assert.equal(second.status, 401);
    assert.equal(second.headers.get('www-authenticate'), 'Bearer error="invalid_token"');
    stream.close();
    await program.logged({ msg: 'stream closed' });
    const again = await openStream(t, `${program.sse}?ticket=${ticket}`, { 'last-event-id': stream.all[0]?.id ?? '' });
    assert.equal(again.control('sse.open').length, 1);
  });

  it('takes back its stream from a connection that nobody reads any more', async (t) => {
    const program = await withUsers(t);
    const relay = await Relay.start(t, program.port);
    const ticket = await ticketFor(program, 'ada');
    const former = await openStream(t, relay.through(`${program.sse}?ticket=${ticket}`));
    relay.stall();
    const id = former.all[0]?.id ?? '';
    const again = await openStream(t, `${program.sse}?ticket=${ticket}`, { 'last-event-id': id });
    assert.equal((await program.publish({ data: 'once' })).matched, 1);
    assert.equal((await again.has(1))[0]?.data, 'once');
  });

  it('is given for a credential only, and for a good one', async (t) => {
    const program = await withUsers(t);
    const ask = (headers: Record<string, string>, query = '') =>
      fetch(`${program.sse}/ticket${query}`, { method: 'POST', headers });
    const none = await ask({});
    assert.deepEqual([none.status, none.headers.get('www-authenticate')], [401, 'Bearer']);
    assert.equal((await ask({ authorization: 'Bearer nonsense' })).status, 401);
    const ticket = await ticketFor(program, 'ada');
    assert.equal((await ask({}, `?ticket=${ticket}`)).status, 401, 'not for another ticket');
    assert.equal((await fetch(`${program.sse}/ticket`, { headers: bearer('ada') })).status, 405);
    assert.equal((await ask({ ...bearer('ada'), origin: 'https://evil.test' })).status, 403);
  });

  it('stands in no log and no answer', async (t) => {
    const program = await withUsers(t, ['--log-level', 'trace']);
    const ticket = await ticketFor(program, 'ada');
    const stream = await openStream(t, `${program.sse}?ticket=${ticket}`);
    const refused = await (await fetch(`${program.sse}?ticket=${ticket}`)).text();
    stream.close();
    await program.logged({ msg: 'stream closed' });
    await program.stop();
    for (const output of [program.stdout, program.stderr, refused, stream.raw])
      for (const secret of [ticket, TOKENS.ada]) assert(!output.includes(secret));
  });
});

describe('a request that cannot be read', () => {
  it('leaves no ticket in the log', async (t) => {
    const program = await withUsers(t, ['--log-level', 'trace']);
    const ticket = await ticketFor(program, 'ada');
    const socket = connect(program.port, '127.0.0.1');
    socket.end(`GET /sse?ticket=${ticket} HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n`);
    await once(socket.resume(), 'close');
    await program.logged({ msg: 'refused', path: '/sse' });
    assert(!program.stdout.includes(ticket));
  });
});

describe('a renewal', () => {
  it('needs a credential of the same person, and keeps the stream', async (t) => {
    const program = await withUsers(t);
    const stream = await openStream(t, `${program.sse}?topic=a`, bearer('ada'));
    const { client } = stream.control('sse.open')[0] as { client: string };
    const renew = (who: keyof typeof TOKENS, name?: string) =>
      fetch(`${program.sse}/renew${name === undefined ? '' : `?client=${name}`}`, { method: 'POST', headers: bearer(who) });
    const done = await renew('ada', client);
    assert.deepEqual([done.status, await done.json()], [200, { clients: [client] }]);
    await program.logged({ msg: 'stream renewed', client });
    assert.equal((await renew('bob', client)).status, 404);
    assert.equal((await renew('ada', 'nobody')).status, 404);
    const second = await openStream(t, program.sse, bearer('ada'));
    const all = (await (await renew('ada')).json()) as { clients: string[] };
    assert.deepEqual(all.clients, [client, second.control('sse.open')[0]?.client], 'without a name, all of them');
    assert.equal((await renew('bob')).status, 404);
    second.close();
    await program.publish({ data: 'still here', topics: ['a'] });
    assert.equal((await stream.has(1))[0]?.data, 'still here');
  });
});

describe('topics that need a right', () => {
  it('are refused by name where the credential does not have them', async (t) => {
    const program = await withUsers(t, ['--topics', 'claim']);
    const stream = await openStream(t, `${program.sse}?topic=a&topic=orders/7`, bearer('ada'));
    await program.publish({ data: 'for a', topics: ['a'] });
    assert.equal((await stream.has(1))[0]?.data, 'for a');
    const refused = await fetch(`${program.sse}?topic=a&topic=b`, { headers: bearer('ada') });
    assert.equal(refused.status, 403);
    assert.match(await refused.text(), /\\"b\\" is not among the topics/);
    assert.equal((await fetch(`${program.sse}?topic=a`, { headers: bearer('bob') })).status, 403);
  });
});

describe('revoking', () => {
  const revoke = async (program: Program, body: object) => {
    const response = await fetch(`${program.admin}revoke`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  };

  it('ends the streams of a subject and of its tickets at once, and lets it open no other, also after a restart', async (t) => {
    const store = join(temporaryFolder(), 'log');
    const program = await withUsers(t, ['--store', store]);
    const ticket = await ticketFor(program, 'ada');
    const streams = [await openStream(t, program.sse, bearer('ada')), await openStream(t, `${program.sse}?ticket=${ticket}`)];
    const other = await openStream(t, program.sse, bearer('bob'));
    const since = performance.now();
    assert.deepEqual(await revoke(program, { sub: '1' }), { status: 200, body: { revoked: 1, ended: 2 } });
    for (const stream of streams) {
      await stream.ended;
      assert.deepEqual(stream.control('sse.bye'), [{ reason: 'revoked' }]);
    }
    assert(performance.now() - since < 1000);
    for (const [query, headers] of [
      ['', bearer('ada')],
      [`?ticket=${ticket}`, {}],
    ] as const)
      assert.equal((await fetch(`${program.sse}${query}`, { headers })).status, 401);
    assert.equal((await fetch(`${program.sse}/ticket`, { method: 'POST', headers: bearer('ada') })).status, 401);
    await program.publish({ data: 'to those who are left' });
    assert.equal((await other.has(1))[0]?.data, 'to those who are left');
    await program.logged({ msg: 'revoked', what: 'sub', value: '1', ended: 2 });
    await program.stop('SIGKILL');

    const again = await withUsers(t, ['--store', store]);
    assert.equal((await fetch(again.sse, { headers: bearer('ada') })).status, 401);
    await openStream(t, again.sse, bearer('bob'));
  });

  it('by a filter refuses the credentials of those who match', async (t) => {
    const program = await withUsers(t);
    const member = await openStream(t, program.sse, bearer('bob'));
    const admin = await openStream(t, program.sse, bearer('ada'));
    assert.deepEqual((await revoke(program, { filter: { profile: 'Member' } })).body, { revoked: 1, ended: 1 });
    await member.ended;
    assert.equal((await fetch(program.sse, { headers: bearer('bob') })).status, 401);
    await (await Reader.open(t, program.sse, bearer('ada'))).opened();
    await program.publish({ data: 'x' });
    await admin.has(1);
  });

  it('leaves no stream open that was being opened meanwhile', async (t) => {
    const program = await withUsers(t);
    for (let i = 0; i < 200; i++) await program.publish({ data: 'x'.repeat(100), filter: `id == "${i}"` });
    const opening = Array.from({ length: 30 }, () =>
      fetch(`${program.sse}?limit=50`, { headers: bearer('ada') }).then(async (response) => {
        // Whatever was opened before ends with it.
        await response.text();
        return response.status;
      }),
    );
    const answer = await revoke(program, { sub: '1' });
    assert.equal(answer.status, 200);
    const statuses = await Promise.all(opening);
    assert(statuses.every((status) => status === 200 || status === 401));
    const { matched } = await program.publish({ data: 'after it', filter: 'id == "1"' });
    assert.equal(matched, 0);
  });

  it('says what is wrong with what it is told, and revokes nothing', async (t) => {
    const program = await withUsers(t);
    for (const [body, pointer] of [
      [{}, ''],
      [{ sub: '1', jti: '2' }, '/jti'],
      [{ subject: '1' }, '/subject'],
      [{ sub: '' }, '/sub'],
      [{ sub: 7 }, '/sub'],
      [{ filter: 'profil == "x"' }, '/filter'],
      [{ filter: '' }, '/filter'],
    ] as const) {
      const { status, body: problem } = await revoke(program, body);
      assert.equal(status, 400, JSON.stringify(body));
      assert.equal((problem.errors as { pointer: string }[])[0]?.pointer, pointer, JSON.stringify(body));
    }
    await openStream(t, program.sse, bearer('ada'));
  });
});

describe('a browser with a ticket', { skip: whyNoChromium() }, () => {
  it('survives three cuts, and misses and repeats nothing', async (t) => {
    const program = await withUsers(t);
    const relay = await Relay.start(t, program.port);
    const browser = await launchChromium();
    t.after(() => browser.close());
    const { page, complaints } = await watchedPage(browser);
    await page.goto(relay.through(program.url));
    await page.evaluate(`(async () => {
      const headers = { authorization: 'Bearer ${TOKENS.ada}' };
      const { ticket } = await (await fetch('/sse/ticket', { method: 'POST', headers })).json();
      Object.assign(window, { ticket, heard: [], opened: 0 });
      const events = new EventSource('/sse?ticket=' + ticket);
      events.onmessage = ({ data }) => heard.push(data);
      events.onopen = () => opened++;
    })()`);
    await until(page, 'window.opened === 1');
    let sent = 0;
    for (let cuts = 0; cuts <= 3; cuts++) {
      if (cuts > 0) relay.cut();
      // Sent while it is away; it comes back for them.
      for (let i = 0; i < 5; i++) await program.publish({ data: String(++sent), filter: { profile: 'Administrator' } });
      await until(page, `window.opened === ${cuts + 1} && window.heard.length >= ${sent}`);
    }
    assert.deepEqual(
      await page.evaluate('window.heard'),
      Array.from({ length: sent }, (_, i) => String(i + 1)),
    );
    assert.equal(await page.evaluate("fetch('/sse?ticket=' + ticket).then(({ status }) => status)"), 401);
    assert.deepEqual(complaints, []);
  });
});
