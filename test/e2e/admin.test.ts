import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { type Program, startProgram } from '../support/program.ts';
import { Relay } from '../support/relay.ts';
import { openStream, Reader } from './reader.ts';

/** What admin answers. */
async function ask(
  program: Program,
  path: string,
  init: { method?: string; body?: object } = {},
): Promise<{ status: number; body: Record<string, unknown> }> {
  const response = await fetch(`${program.admin}${path}`, {
    ...(init.method !== undefined && { method: init.method }),
    ...(init.body !== undefined && { body: JSON.stringify(init.body), headers: { 'content-type': 'application/json' } }),
  });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

const listed = async (program: Program, query = '') =>
  (await ask(program, `clients${query}`)).body as {
    clients: Record<string, unknown>[];
    matched: number;
    total: number;
    next: string | null;
  };
const nameOf = (stream: Reader) => stream.control('sse.open')[0]?.client as string;

/** So many streams with a profile each, in turn. */
async function crowd(t: TestContext, program: Program, count: number): Promise<Reader[]> {
  const streams: Reader[] = [];
  for (let i = 0; i < count; i++)
    streams.push(
      await openStream(t, `${program.sse}?id=${i}&profile=${['Administrator', 'Member', 'Guest'][i % 3]}&topic=t${i}`),
    );
  return streams;
}

describe('the list of clients', () => {
  it('has who they are and where they stand, by filter and page by page', async (t) => {
    const program = await startProgram(t);
    const streams = await crowd(t, program, 7);
    const { id } = await program.publish({ data: 'x' });
    await streams[6]?.has(1);
    const { clients, matched, total, next } = await listed(program);
    assert.deepEqual([clients.length, matched, total, next], [7, 7, 7, null]);
    const { since, bytes, ...rest } = clients[0] as { since: string; bytes: number };
    assert.deepEqual(rest, {
      client: nameOf(streams[0] as Reader),
      ip: '127.0.0.1',
      authenticated: false,
      id: '0',
      login: '',
      name: '',
      mail: '',
      profile: 'Administrator',
      roles: [],
      topics: ['t0'],
      state: 'live',
      lastEventId: id,
      behind: 0,
      missed: 0,
      events: 1,
    });
    assert(Math.abs(Date.now() - Date.parse(since)) < 10_000 && bytes > 50);
    const first = await listed(program, '?limit=3');
    const second = await listed(program, `?limit=3&cursor=${first.next}`);
    const third = await listed(program, `?limit=3&cursor=${second.next}`);
    assert.deepEqual(
      [...first.clients, ...second.clients, ...third.clients].map((client) => client.id),
      ['0', '1', '2', '3', '4', '5', '6'],
    );
    assert.equal(third.next, null);
    const admins = await listed(program, `?filter=${encodeURIComponent('profile == "Administrator"')}`);
    assert.deepEqual([admins.clients.length, admins.matched, admins.total], [3, 3, 7]);
    const one = await ask(program, `clients/${nameOf(streams[1] as Reader)}`);
    assert.deepEqual([one.body.id, one.body.claims], ['1', {}]);
    for (const [query, pointer] of [
      ['filtr=x', '?filtr'],
      ['limit=0', '?limit'],
      ['cursor=x', '?cursor'],
      ['filter=profil', '?filter'],
    ])
      assert.equal(((await ask(program, `clients?${query}`)).body.errors as { pointer: string }[])[0]?.pointer, pointer);
    assert.equal((await ask(program, 'clients/nobody')).status, 404);
  });

  it('ends one stream, or all that a filter selects, and says why', async (t) => {
    const program = await startProgram(t);
    const streams = await crowd(t, program, 6);
    const kicked = streams[4] as Reader;
    assert.deepEqual((await ask(program, `clients/${nameOf(kicked)}`, { method: 'DELETE' })).body, { disconnected: 1 });
    await kicked.ended;
    assert.deepEqual(kicked.control('sse.bye'), [{ reason: 'kicked' }]);
    const order = { filter: { profile: 'Administrator' }, reason: 'maintenance' };
    assert.deepEqual((await ask(program, 'clients/disconnect', { method: 'POST', body: order })).body, { disconnected: 2 });
    for (const index of [0, 3]) {
      await streams[index]?.ended;
      assert.deepEqual(streams[index]?.control('sse.bye'), [{ reason: 'kicked', detail: 'maintenance' }]);
    }
    assert.equal((await listed(program)).total, 3);
    for (const [body, pointer] of [
      [{}, '/filter'],
      [{ filter: 'id == "1"', forevr: true }, '/forevr'],
      [{ filter: 'id == "1"', reason: 'a\nb' }, '/reason'],
    ] as const)
      assert.equal(
        ((await ask(program, 'clients/disconnect', { method: 'POST', body })).body.errors as { pointer: string }[])[0]?.pointer,
        pointer,
      );
    assert.equal((await listed(program)).total, 3, 'nothing of that was done');
  });

  it('asks a client never to come back, which its last id then says', async (t) => {
    const program = await startProgram(t);
    const stream = await openStream(t, `${program.sse}?id=7`);
    await ask(program, 'clients/disconnect', { method: 'POST', body: { filter: 'id == "7"', forever: true } });
    await stream.ended;
    const bye = stream.all.at(-1);
    assert.match(bye?.id ?? '', /^bye~[0-9a-f]+-0$/);
    const again = await fetch(program.sse, { headers: { 'last-event-id': bye?.id ?? '' } });
    assert.equal(again.status, 204);
    assert.equal((await fetch(program.sse, { method: 'HEAD' })).status, 200);
  });
});

describe('a receipt', () => {
  it('says who has an event and who has not, after a stall too', { timeout: 60_000 }, async (t) => {
    const program = await startProgram(t, ['--stall-time', '1m']);
    const relay = await Relay.start(t, program.port);
    await crowd(t, program, 9);
    const stalled = await openStream(t, relay.through(`${program.sse}?id=stalled`));
    const first = await ask(program, 'broadcast?wait=5s', { method: 'POST', body: { data: 'x' } });
    assert.equal(first.status, 202);
    const { id, durability, ...counts } = first.body;
    assert.deepEqual(counts, { matched: 10, written: 10, flushed: 10, behind: 0, closed: 0 });
    relay.stall();
    // Until the socket of the one who does not read is full.
    const big = { data: 'x'.repeat(900_000), filter: 'id == "stalled"' };
    let behind = 0;
    for (let i = 0; behind === 0 && i < 50; i++)
      behind = Number((await ask(program, 'broadcast?wait=100ms', { method: 'POST', body: big })).body.behind);
    assert.equal(behind, 1);
    const before = performance.now();
    const receipt = (await ask(program, 'broadcast?wait=300ms', { method: 'POST', body: { data: 'to all' } })).body;
    assert(performance.now() - before >= 300);
    assert.deepEqual([receipt.matched, receipt.flushed, receipt.behind, receipt.closed], [10, 9, 1, 0]);
    const named = (await ask(program, `broadcasts/${receipt.id}?clients=1`)).body as { clients: Record<string, unknown>[] };
    assert.deepEqual([named.clients.length, named.clients[0]?.client, named.clients[0]?.state], [10, nameOf(stalled), 'behind']);
    assert.equal((await ask(program, 'broadcasts/x-1')).status, 404);
    assert.equal((await ask(program, 'broadcast?wait=soon', { method: 'POST', body: { data: 'x' } })).status, 400);
  });
});

describe('what happens in the server', () => {
  it('is told from a snapshot on: a mirror of it is the list of clients, at every pause', { timeout: 120_000 }, async (t) => {
    const program = await startProgram(t);
    const before = await crowd(t, program, 20);
    const feed = await Reader.open(t, `${program.admin}events`);
    const mirror = new Map<string, Record<string, unknown>>();
    let told = 0;
    const follow = () => {
      for (; told < feed.all.length; told++) {
        const { type, data } = feed.all[told] as { type: string; data: string };
        const value = JSON.parse(data);
        if (type === 'snapshot') for (const client of value.clients) mirror.set(client.client, client);
        else if (type === 'joined') mirror.set(value.client, value);
        else if (type === 'left') mirror.delete(value.client);
      }
    };
    const namesIn = (clients: Iterable<Record<string, unknown>>) =>
      [...clients].map(({ client, id }) => `${client} ${id}`).sort();
    const streams = [...before];
    for (let round = 0; round < 5; round++) {
      const joining = Array.from({ length: 30 }, (_, i) => Reader.open(t, `${program.sse}?id=${round}-${i}`));
      for (const stream of streams.splice(0, 25)) stream.close();
      streams.push(...(await Promise.all(joining)));
      await Promise.all(streams.map((stream) => stream.opened()));
      const expected = streams.length;
      await feed.until(`it knows of ${expected}`, () => {
        follow();
        return mirror.size === expected;
      });
      const { clients, next } = await listed(program, '?limit=1000');
      assert.equal(next, null);
      assert.deepEqual(namesIn(mirror.values()), namesIn(clients));
    }
    const { id } = await program.publish({ data: 'not told', event: 'price' });
    const broadcast = await feed.until('it tells of a broadcast', () => feed.all.find(({ type }) => type === 'broadcast'));
    const { requestId, ...event } = JSON.parse(broadcast.data) as { requestId: string };
    assert.match(requestId, /^[0-9a-f]{16}$/);
    assert.deepEqual(event, { id, type: 'price', size: 8, matched: streams.length, source: 'http' });
    assert(!feed.raw.includes('not told'));
  });

  it('is told by what one client is sent, byte for byte', async (t) => {
    const program = await startProgram(t);
    const stream = await openStream(t, `${program.sse}?id=7`);
    const tap = await Reader.open(t, `${program.admin}clients/${nameOf(stream)}/tap`);
    await program.publish({ data: 'for 7', filter: 'id == "7"' });
    await program.publish({ data: 'for 8', filter: 'id == "8"' });
    await program.publish({ data: 'for all' });
    await stream.has(2);
    assert.deepEqual(
      (await tap.has(2)).map(({ data }) => data),
      ['for 7', 'for all'],
    );
    await ask(program, `clients/${nameOf(stream)}`, { method: 'DELETE' });
    await tap.ended;
    assert(stream.raw.endsWith(tap.raw));
    assert.deepEqual(tap.control('sse.bye'), [{ reason: 'kicked' }]);
  });
});

describe('admin', () => {
  it('shows how things stand, and with which options', async (t) => {
    const program = await startProgram(t, ['--retry', '3s']);
    await openStream(t, program.sse);
    await program.publish({ data: 'x' });
    const { body } = await ask(program, 'stats');
    assert.deepEqual(body.clients, { total: 1, live: 1, ready: 0, blocked: 0, reading: 0 });
    assert.deepEqual([body.events, body.durability, body.accepts], [1, 'memory', true]);
    assert.equal((body.totals as { opened: number }).opened, 1);
    const config = (await ask(program, 'config')).body;
    assert.deepEqual(config.retry, { value: '3s', source: 'flag', where: '--retry' });
  });

  it('changes what is logged', async (t) => {
    const program = await startProgram(t, ['--log-level', 'error']);
    assert.deepEqual((await ask(program, 'log-level', { method: 'PATCH', body: { level: 'info' } })).body, { level: 'info' });
    await program.publish({ data: 'x' });
    await program.logged({ msg: 'broadcast' });
    assert.equal((await ask(program, 'log-level', { method: 'PATCH', body: { level: 'loud' } })).status, 400);
    assert.equal((await ask(program, 'log-level')).status, 405);
  });
});
