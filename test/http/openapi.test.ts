import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { Validator } from '@seriousme/openapi-schema-validator';
import { Ajv2020 } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import { ADMIN_API } from '../../src/http/admin-api.ts';
import { adminRoutes } from '../../src/http/admin-routes.ts';
import { TestServer } from '../support/server.ts';

interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
}
interface Operation {
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: object }>> };
  readonly responses: Readonly<Record<string, { readonly content: Readonly<Record<string, { readonly schema: object }>> }>>;
}

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
    const server = await TestServer.start(t);
    return new Described(server, JSON.parse((await server.send('GET /admin/openapi.json')).body) as Document);
  }

  /** Sends a request; its answer must be as its path's description has it. */
  async send(method: string, path: string, target: string, body?: unknown, headers = ''): Promise<string> {
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
    return answer.body;
  }
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
  // Here it runs in another program; those that read files are in test/e2e/reload.test.ts.
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

  // Errors of every admin request, at every path and method.
  for (const [path, methods] of Object.entries(api.document.paths))
    for (const method of Object.keys(methods).filter((name) => name !== 'parameters')) {
      const target = path.replace('{id}', client);
      await api.send(method.toUpperCase(), path, target, undefined, 'Host: evil.test');
      await api.send(method.toUpperCase(), path, target, undefined, 'Origin: https://evil.test');
    }
  const statuses = new Set([...api.seen].map((each) => Number(each.split(' ').at(-1))));
  for (const status of [200, 202, 400, 403, 404, 409, 413, 415, 421]) assert(statuses.has(status), `${status} was seen`);
});
