import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, it } from 'node:test';
import type { ClientsOrder } from '../../src/cli/clients-order.ts';
import { workOnClients } from '../../src/cli/clients-work.ts';
import { TestServer } from '../support/server.ts';
import { Kept } from './streams.ts';

interface Said {
  readonly code: number;
  readonly stdout: Kept;
  readonly stderr: Kept;
}

async function obey(order: ClientsOrder, isTTY = false): Promise<Said> {
  const [stdout, stderr] = [new Kept(isTTY), new Kept()];
  const code = await workOnClients(order, { stdout, stderr, interrupted: new AbortController().signal });
  return { code, stdout, stderr };
}

const list = (server: TestServer): ClientsOrder & { what: 'ls' } => ({
  what: 'ls',
  admin: server.url,
  adminTokenFile: undefined,
  filter: undefined,
  limit: Infinity,
  json: false,
});

describe('clients ls', () => {
  it('shows a person a table, and says of how many', async (t) => {
    const server = await TestServer.start(t);
    await server.stream('?id=7&login=ada&profile=Administrator');
    await server.stream('?id=8');
    await server.stream();
    const { stdout, stderr } = await obey({ ...list(server), filter: 'id != ""' }, true);
    assert.match(stdout.lines[0] ?? '', /^client +who +profile +address +since +state +behind +events$/);
    assert.match(stdout.lines[1] ?? '', /^\w+ +ada +Administrator +127\.0\.0\.1 +0\.\d s +live +0 +0$/);
    assert.match(stdout.lines[2] ?? '', /^\w+ +8 +127\.0\.0\.1 +0\.\d s +live +0 +0$/);
    assert.equal(stderr.text, 'sse-server: 2 of 3 clients\n');
  });

  it('has a line of JSON for each where no person looks, or asks for it', async (t) => {
    const server = await TestServer.start(t);
    for (const id of ['1', '2', '3']) await server.stream(`?id=${id}`);
    for (const [json, isTTY] of [
      [false, false],
      [true, true],
    ] as const) {
      const { stdout, stderr } = await obey({ ...list(server), json }, isTTY);
      assert.deepEqual(
        stdout.lines.map((line) => JSON.parse(line).id),
        ['1', '2', '3'],
      );
      assert.equal(stderr.text, '');
    }
    const { stdout } = await obey({ ...list(server), limit: 2 });
    assert.equal(stdout.lines.length, 2);
  });

  it('lets nothing that a client says of itself move the cursor', async (t) => {
    const server = await TestServer.start(t);
    await server.stream(`?login=${encodeURIComponent('\u202eada')}`);
    const { stdout } = await obey(list(server), true);
    assert(stdout.text.includes('\\u{202e}ada'), stdout.text);
  });

  it('has all pages, and asks for no more than it shows', async (t) => {
    const asked: string[] = [];
    const server = createServer((req, res) => {
      const { searchParams } = new URL(req.url ?? '', 'http://localhost');
      asked.push(`${searchParams.get('cursor')} ${searchParams.get('limit')}`);
      const from = Number(searchParams.get('cursor') ?? 0);
      const count = Math.min(Number(searchParams.get('limit')), 2500 - from);
      const clients = Array.from({ length: count }, (_, i) => ({ client: `c${from + i}` }));
      const next = from + count < 2500 ? String(from + count) : null;
      res.end(JSON.stringify({ clients, matched: 2500, total: 2500, next }));
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    t.after(() => server.close());
    const order: ClientsOrder = {
      what: 'ls',
      admin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      adminTokenFile: undefined,
      filter: undefined,
      limit: Infinity,
      json: true,
    };
    const { stdout } = await obey(order);
    assert.equal(new Set(stdout.lines).size, 2500);
    assert.deepEqual(asked.splice(0), ['null 1000', '1000 1000', '2000 1000']);
    assert.equal((await obey({ ...order, limit: 1200 })).stdout.lines.length, 1200);
    assert.deepEqual(asked, ['null 1000', '1000 200']);
  });

  it('is no list where nobody is', async (t) => {
    const server = await TestServer.start(t);
    const { code, stdout, stderr } = await obey(list(server), true);
    assert.deepEqual([code, stdout.text, stderr.text], [0, '', 'sse-server: 0 clients\n']);
  });

  it('says what the server has against a filter', async (t) => {
    const server = await TestServer.start(t);
    await assert.rejects(obey({ ...list(server), filter: 'idd == "1"' }), {
      code: 'request-failed',
      message: /answers 400: .*unknown name 'idd'; did you mean 'id'\?$/,
    });
  });
});
