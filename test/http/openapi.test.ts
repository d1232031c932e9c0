import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Validator } from '@seriousme/openapi-schema-validator';
import { Ajv2020 } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import { loadOptions } from '../../src/config/load.ts';
import { ADMIN_API } from '../../src/http/admin-api.ts';
import { adminRoutes } from '../../src/http/admin-routes.ts';
import { temporaryFolder } from '../support/program.ts';
import { type Answer, TestServer } from '../support/server.ts';
import { startSmall, takeRoom } from './body-room.ts';
import { tokenFile } from './files.ts';

interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
}
interface Operation {
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: object }>> };
  readonly responses: Readonly<Record<string, { readonly content: Readonly<Record<string, { readonly schema: object }>> }>>;
}

const TOKEN = 'a-token-of-some-length';

/** A server, its document, and a check of what it is sent and answers against that. */
class Described {
  readonly server: TestServer;
  readonly document: Document;
  /** Operations and statuses that were seen. */
  readonly seen = new Set<string>();
  readonly #ajv = new Ajv2020({ strict: false });

  constructor(server: TestServer, document: Document) {
    this.server = server;
    this.document = document;
    formats.default(this.#ajv);
    this.#ajv.addSchema(document, 'document');
  }

  static async start(t: TestContext): Promise<Described> {
    const server = await TestServer.start(t, {}, { logLevel: { get: () => 'info', set: () => {} } });
    return new Described(server, JSON.parse((await server.send('GET /admin/openapi.json')).body) as Document);
  }

  /** The operations, as the document has them. */
  get operations(): { method: string; path: string; operation: Operation }[] {
    return Object.entries(this.document.paths).flatMap(([path, methods]) =>
      Object.entries(methods)
        .filter(([name]) => name !== 'parameters')
        .map(([name, operation]) => ({ method: name.toUpperCase(), path, operation })),
    );
  }

  async send(method: string, path: string, target: string, body?: unknown, headers = ''): Promise<string> {
    return (await this.ask(method, path, { target, body, headers })).body;
  }

  async status(method: string, path: string, body?: unknown, query = ''): Promise<number> {
    return (await this.ask(method, path, { target: path + query, body, headers: '' })).status;
  }

  /** Sends a request; its answer must be as its path's description has it. */
  async ask(
    method: string,
    path: string,
    { target, body, headers }: { readonly target: string; readonly body: unknown; readonly headers: string },
  ): Promise<Answer> {
    const operation = this.document.paths[path]?.[method.toLowerCase()];
    assert(operation, `${method} ${path} is described`);
    const text = body === undefined ? '' : typeof body === 'string' ? body : JSON.stringify(body);
    const head =
      body === undefined ? headers : `Content-Type: application/json\nContent-Length: ${Buffer.byteLength(text)}\n${headers}`;
    const answer = await this.server.send(`${method} ${target}\n${head.trimEnd()}`, text);
    this.seen.add(`${method} ${path} ${answer.status}`);
    const response = operation.responses[answer.status];
    assert(response, `${method} ${path} may answer ${answer.status}: ${answer.body}`);
    const type = answer.headers['content-type']?.split(';')[0] ?? '';
    const schema = response.content[type]?.schema;
    assert(schema, `${method} ${path} may answer ${answer.status} with ${type}`);
    const refs = JSON.parse(JSON.stringify(schema).replaceAll('"#/', '"document#/')) as object;
    const validate = this.#ajv.compile(refs);
    assert(validate(JSON.parse(answer.body)), `${method} ${target}: ${JSON.stringify(validate.errors)} in ${answer.body}`);
    // What is refused for its shape has a shape that is described so, and the other way round.
    const described = operation.requestBody?.content['application/json']?.schema;
    if (described && answer.status < 300 && typeof body === 'object')
      assert(this.#ajv.compile(described)(body), `${target} takes ${text}`);
    return answer;
  }
}

/** A server that has no room for another body. */
async function crowded(t: TestContext, document: Document): Promise<Described> {
  const api = new Described(await startSmall(t), document);
  await takeRoom(api.server);
  for (const { method, path, operation } of api.operations)
    if (operation.responses['413']) {
      const { status } = await api.ask(method, path, { target: path.replace('{id}', 'c1'), body: '{}', headers: '' });
      assert.equal(status, 503, path);
    }
  return api;
}

/** A server whose store has lost its folder. */
async function withoutDisk(t: TestContext, document: Document): Promise<Described> {
  const store = join(temporaryFolder(), 'log');
  const api = new Described(await TestServer.start(t, { store }, { mayFail: true }), document);
  const publish = (method: string) => api.status(method, '/admin/broadcast', { data: 'x'.repeat(1_000_000) });
  assert.equal(await publish('POST'), 202);
  rmSync(store, { recursive: true });
  writeFileSync(store, 'not a folder');
  // It goes on until the store begins another file.
  for (let n = 0; n < 20 && (await publish('POST')) === 202; n++);
  assert.equal(await publish('POST'), 503);
  assert.equal(await publish('PUT'), 503);
  assert.equal(await api.status('DELETE', '/admin/history', undefined, '?all=true'), 503);
  assert.equal(await api.status('POST', '/admin/revoke', { sub: '7' }), 503);
  return api;
}

/** A server that is told to reload: by the same configuration, by a bad one, and while it stops. */
async function reloaded(t: TestContext, document: Document): Promise<Described> {
  const given = { flags: { port: '0' }, env: {}, readFile: () => '' };
  let again = () => loadOptions(given);
  const source = { loaded: again(), again: () => again() };
  const api = new Described(await TestServer.start(t, { drainTime: '1s' }, { source }), document);
  const reload = () => api.status('POST', '/admin/config/reload');
  assert.equal(await reload(), 200);
  again = () => loadOptions({ ...given, flags: { port: 'x' } });
  assert.equal(await reload(), 422);
  again = () => {
    void api.server.app.stop();
    return loadOptions(given);
  };
  assert.equal(await reload(), 503);
  return api;
}

test('the document is OpenAPI 3.1', async (t) => {
  const { document } = await Described.start(t);
  const result = await new Validator().validate(structuredClone(document) as object as Record<string, unknown>);
  assert.deepEqual(result.errors ?? [], []);
  assert.equal(result.valid, true);
});

test('every route and method is described, and nothing else is', () => {
  const nothing = new Proxy({}, { get: () => nothing }) as never;
  const routes = adminRoutes(nothing);
  const methodsOf = (table: Readonly<Record<string, object>>) =>
    Object.fromEntries(Object.entries(table).map(([path, methods]) => [path, Object.keys(methods)]));
  assert.deepEqual(methodsOf(ADMIN_API), methodsOf(routes));
});

test('what each route answers is what its description says, errors too', async (t) => {
  const api = await Described.start(t);
  const guarded = new Described(await TestServer.start(t, { adminTokenFile: tokenFile(TOKEN) }), api.document);
  const stream = await api.server.stream('?id=7&profile=Administrator');
  const { client } = JSON.parse((await stream.event('sse.open')).data) as { client: string };
  const { id } = JSON.parse(
    await api.send('POST', '/admin/broadcast', '/admin/broadcast?wait=1s', { data: { x: 1 }, topics: ['a'] }),
  ) as { id: string };
  await api.send('POST', '/admin/broadcast', '/admin/broadcast', {
    data: 'x',
    filter: { profile: 'Administrator' },
    ttl: '10m',
    supersedes: 'k',
    id: 'mine',
    retry: 1000,
  });
  await api.send('PUT', '/admin/broadcast', '/admin/broadcast', { data: 'x' });
  for (const [body, headers] of [
    [{ datum: 1 }],
    [{ data: 1, filter: 'profil' }],
    ['{'],
    [{ data: 1, id: 'mine' }],
    [{ data: 1 }, 'Content-Encoding: gzip'],
  ] as const)
    await api.send('POST', '/admin/broadcast', '/admin/broadcast', body, headers ?? '');
  await api.send('POST', '/admin/broadcast', '/admin/broadcast', { data: 'x'.repeat(2_000_000) });
  await api.send('GET', '/admin/broadcasts/{id}', `/admin/broadcasts/${id}`);
  await api.send('GET', '/admin/broadcasts/{id}', `/admin/broadcasts/${id}?clients=1`);
  await api.send('GET', '/admin/broadcasts/{id}', '/admin/broadcasts/x-9');
  await api.send('GET', '/admin/broadcasts/{id}', `/admin/broadcasts/${id}?clients=x`);
  await api.send('GET', '/admin/clients', '/admin/clients');
  await api.send('GET', '/admin/clients', '/admin/clients?filter=profil');
  await api.send('GET', '/admin/clients/{id}', `/admin/clients/${client}`);
  await api.send('GET', '/admin/clients/{id}', '/admin/clients/nobody');
  await api.send('GET', '/admin/clients/{id}/tap', '/admin/clients/nobody/tap');
  await api.send('GET', '/admin/config', '/admin/config');
  // Here it runs in another program.
  await api.send('POST', '/admin/config/reload', '/admin/config/reload');
  await api.send('GET', '/admin/stats', '/admin/stats');
  await api.send('GET', '/admin/openapi.json', '/admin/openapi.json');
  await api.send('GET', '/admin/history', '/admin/history');
  await api.send('GET', '/admin/history', '/admin/history?filter=x');
  await api.send('GET', '/admin/history', '/admin/history?last=2&clip=3');
  await api.send('GET', '/admin/history/{id}', `/admin/history/${id}`);
  await api.send('GET', '/admin/history/{id}', '/admin/history/x-9');
  await api.send('GET', '/admin/session', '/admin/session');
  await api.send('POST', '/admin/session', '/admin/session');
  await api.send('DELETE', '/admin/session', '/admin/session');
  await api.send('POST', '/admin/filter/check', '/admin/filter/check', { filter: { profile: 'Administrator' } });
  await api.send('POST', '/admin/filter/check', '/admin/filter/check', { filter: 'profil' });
  await api.send('POST', '/admin/filter/check', '/admin/filter/check', { filtr: 1 });
  await api.send('POST', '/admin/filter/check', '/admin/filter/check', 'x'.repeat(70_000));
  await api.send('PATCH', '/admin/log-level', '/admin/log-level', { level: 'loud' });
  await guarded.send('PATCH', '/admin/log-level', '/admin/log-level', { level: 'info' }, `Authorization: Bearer ${TOKEN}`);
  await api.send('PATCH', '/admin/log-level', '/admin/log-level', { level: 'info' });
  await api.send('POST', '/admin/revoke', '/admin/revoke', { sub: '7' });
  await api.send('POST', '/admin/revoke', '/admin/revoke', { sub: 7 });
  await api.send('DELETE', '/admin/history', '/admin/history?all=true');
  await api.send('DELETE', '/admin/history', '/admin/history');
  await api.send('POST', '/admin/clients/disconnect', '/admin/clients/disconnect', {
    filter: 'id == "8"',
    reason: 'x',
    forever: true,
  });
  await api.send('POST', '/admin/clients/disconnect', '/admin/clients/disconnect', {});
  await api.send('DELETE', '/admin/clients/{id}', `/admin/clients/${client}`);
  await api.send('DELETE', '/admin/clients/{id}', '/admin/clients/nobody');

  // A stream has no end, so its answer is its head.
  const { client: other } = JSON.parse((await (await api.server.stream()).event('sse.open')).data) as { client: string };
  for (const [path, target] of [
    ['/admin/events', '/admin/events'],
    ['/admin/clients/{id}/tap', `/admin/clients/${other}/tap`],
  ] as const) {
    const wire = api.server.connect().send(`GET ${target} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
    const head = await wire.until((received) => /^HTTP\/1.1 200 .*?\r\n\r\n/s.exec(received)?.[0], 'its head');
    assert.match(head, /\r\ncontent-type: text\/event-stream/i);
    api.seen.add(`GET ${path} 200`);
  }
  await api.send('DELETE', '/admin/clients/{id}', `/admin/clients/${other}`);
  for (const [body, headers] of [
    [{ data: 1, id: 'own' }, ''],
    [{ data: 1, id: 'own' }, ''],
    [{ data: 1 }, 'Content-Encoding: gzip'],
    [{ data: 'x'.repeat(2_000_000) }, ''],
  ] as const)
    await api.send('PUT', '/admin/broadcast', '/admin/broadcast', body, headers);
  for (const [method, path] of [
    ['POST', '/admin/clients/disconnect'],
    ['POST', '/admin/filter/check'],
    ['PATCH', '/admin/log-level'],
    ['POST', '/admin/revoke'],
    ['DELETE', '/admin/clients/{id}'],
    ['DELETE', '/admin/history'],
  ] as const) {
    const target = path.replace('{id}', other);
    await api.send(method, path, target);
    await api.send(method, path, target, 'x'.repeat(70_000));
  }

  // Errors of every admin request, at every path and method.
  for (const { method, path } of api.operations) {
    const target = path.replace('{id}', client);
    await api.send(method, path, target, undefined, 'Host: evil.test');
    await api.send(method, path, target, undefined, 'Origin: https://evil.test');
    await api.send(method, path, target, undefined, 'Content-Type: text/plain\nContent-Type: text/plain');
    await guarded.send(method, path, target);
    await guarded.send(method, path, target, undefined, 'Authorization: Bearer another-token');
  }
  for (const [method, path, headers] of [
    ['POST', '/admin/session', `Authorization: Bearer ${TOKEN}`],
    ['DELETE', '/admin/session', `Authorization: Bearer ${TOKEN}`],
  ] as const)
    await guarded.send(method, path, path, undefined, headers);

  const others = [await crowded(t, api.document), await withoutDisk(t, api.document), await reloaded(t, api.document)];
  const seen = new Set([api, guarded, ...others].flatMap((each) => [...each.seen]));
  const described = api.operations.flatMap(({ method, path, operation }) =>
    Object.keys(operation.responses).map((status) => `${method} ${path} ${status}`),
  );
  assert.deepEqual(
    described.filter((each) => !seen.has(each)),
    [],
    'every status that is described was seen',
  );
});
