import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { controlOf } from '../../src/cli/control.ts';
import { loadOptions } from '../../src/config/load.ts';
import type { OptionsInput } from '../../src/config/options.ts';
import { SseError } from '../../src/errors.ts';
import { type Answer, TestServer } from '../support/server.ts';

/** A filter of so many bytes, of operators that any filter may have. */
const filterOf = (bytes: number) => `profile == "${'x'.repeat(bytes - 'profile == ""'.length)}"`;
const text = (characters: number) => 'é'.repeat(characters);
/** In a header or a query. */
const latin = (characters: number) => 'x'.repeat(characters);

/** What a way in said: nothing if it took what it was given. */
type Verdict = string | undefined;
type Way = (server: TestServer, size: number) => Promise<Verdict>;

const said = ({ status, body }: Answer): Verdict => {
  if (status < 300) return undefined;
  const { errors = [] } = JSON.parse(body) as { errors?: { detail: string }[] };
  return errors.map(({ detail }) => detail).join('; ');
};
const json = (path: string, body: object) => (server: TestServer) =>
  server.send(`POST /admin/${path}\nContent-Type: application/json`, JSON.stringify(body)).then(said);
const http =
  (request: (size: number) => { head: string; body?: string }): Way =>
  async (server, size) => {
    const { head, body } = request(size);
    return said(await server.send(head, body));
  };
const attempt = async (work: () => unknown): Promise<Verdict> => {
  try {
    await work();
    return undefined;
  } catch (error) {
    assert(error instanceof SseError);
    return error.message;
  }
};

/** The terminal's hold on the server, as far as it is asked here. */
const control = ({ app }: TestServer) =>
  controlOf({
    app,
    logLevel: { get: () => 'info', set: () => {} },
    urls: () => '',
    page: () => '',
    process,
    stop: () => {},
  });

const NDJSON = 'POST /admin/broadcast\nContent-Type: application/x-ndjson';

/** Every way in for what has a size. */
const WAYS: Readonly<Record<'filterLimit' | 'topicLimit' | 'idLimit' | 'typeLimit', Readonly<Record<string, Way>>>> = {
  filterLimit: {
    'a broadcast of JSON': (server, size) => json('broadcast', { data: 'x', filter: filterOf(size) })(server),
    'the header X-Filter': http((size) => ({ head: `POST /admin/broadcast\nX-Filter: ${filterOf(size)}`, body: 'x' })),
    'the query of a broadcast': http((size) => ({
      head: `POST /admin/broadcast?data=x&filter=${encodeURIComponent(filterOf(size))}`,
    })),
    'a batch': http((size) => ({ head: NDJSON, body: JSON.stringify({ data: 'x', filter: filterOf(size) }) })),
    'a dry run': (server, size) => json('broadcast?dryRun', { data: 'x', filter: filterOf(size) })(server),
    'a check of a filter': (server, size) => json('filter/check', { filter: filterOf(size) })(server),
    'a list of clients': http((size) => ({ head: `GET /admin/clients?filter=${encodeURIComponent(filterOf(size))}` })),
    'a disconnection': (server, size) => json('clients/disconnect', { filter: filterOf(size) })(server),
    'a revocation': (server, size) => json('revoke', { filter: filterOf(size) })(server),
    'a selection of the past': http((size) => ({
      head: `GET /admin/history?filter=${encodeURIComponent(filterOf(size).replace('profile', '  event'))}`,
    })),
    'a redaction': http((size) => ({
      head: `DELETE /admin/history?filter=${encodeURIComponent(filterOf(size).replace('profile', '  event'))}`,
    })),
    'the library': (server, size) => attempt(() => server.app.publish({ data: 'x', filter: filterOf(size) }, 'library')),
    'an event of the terminal': (server, size) => attempt(() => control(server).send({ data: 'x', filter: filterOf(size) })),
    'a filter that is typed': (server, size) => attempt(() => control(server).find(filterOf(size))),
  },
  topicLimit: {
    'a broadcast of JSON': (server, size) => json('broadcast', { data: 'x', topics: [text(size)] })(server),
    'the header X-Topics': http((size) => ({ head: `POST /admin/broadcast\nX-Topics: ${latin(size)}`, body: 'x' })),
    'a batch': http((size) => ({ head: NDJSON, body: JSON.stringify({ data: 'x', topics: text(size) }) })),
    'a key that supersedes': (server, size) => json('broadcast', { data: 'x', supersedes: text(size) })(server),
    'a subscription': async (server, size) => {
      const wire = server.connect();
      wire.send(`GET /sse?topic=${latin(size)} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
      await wire.until((received) => /sse\.open|"detail"/.test(received), 'an answer');
      const verdict = wire.received.includes('sse.open') ? undefined : said(await wire.answer());
      wire.socket.destroy();
      return verdict;
    },
    'the library': (server, size) => attempt(() => server.app.publish({ data: 'x', topics: text(size) }, 'library')),
  },
  idLimit: {
    'a broadcast of JSON': (server, size) => json('broadcast', { data: 'x', id: latin(size) })(server),
    'the query of a broadcast': http((size) => ({ head: `POST /admin/broadcast?data=x&id=${'y'.repeat(size)}` })),
    'the library': (server, size) => attempt(() => server.app.publish({ data: 'x', id: 'z'.repeat(size) }, 'library')),
  },
  typeLimit: {
    'a broadcast of JSON': (server, size) => json('broadcast', { data: 'x', event: text(size) })(server),
    'the header X-Event': http((size) => ({ head: `POST /admin/broadcast\nX-Event: ${latin(size)}`, body: 'x' })),
    'a batch': http((size) => ({ head: NDJSON, body: JSON.stringify({ data: 'x', event: text(size) }) })),
    'the library': (server, size) => attempt(() => server.app.publish({ data: 'x', event: text(size) }, 'library')),
    'an event of the terminal': (server, size) => attempt(() => control(server).send({ data: 'x', event: text(size) })),
    'a type that is typed': async (server, size) => control(server).typeProblem(text(size)),
  },
};

const DEFAULT = { filterLimit: 1024, topicLimit: 128, idLimit: 64, typeLimit: 128 };
const LOWERED = { filterLimit: 100, topicLimit: 3, idLimit: 8, typeLimit: 5 };
// An own id cannot be longer than it may be by default.
const RAISED = { filterLimit: 3000, topicLimit: 1024, idLimit: 64, typeLimit: 1024 };

for (const [when, sizes] of Object.entries({ 'by default': {}, lowered: LOWERED, raised: RAISED }))
  for (const [option, ways] of Object.entries(WAYS) as [keyof typeof WAYS, Readonly<Record<string, Way>>][])
    test(`${option}, ${when}, holds from every way in, and each refusal says it`, async (t) => {
      const server = await TestServer.start(t, sizes);
      const limit: number = { ...DEFAULT, ...sizes }[option];
      const flag = option.replace('Limit', '-limit');
      const rule = option === 'idLimit' ? `has 1 to ${limit} letters, .*` : `has at most ${limit} (bytes|characters)`;
      const expected = new RegExp(`${rule}; see --${flag}$`);
      for (const [way, enter] of Object.entries(ways)) {
        assert.equal(await enter(server, limit), undefined, way);
        assert.match((await enter(server, limit + 1)) ?? 'taken', expected, way);
      }
    });

interface Sizes {
  readonly limits: { readonly sizes: Readonly<Record<string, number>> };
}

async function sizesOf(server: TestServer): Promise<Sizes['limits']['sizes']> {
  return (JSON.parse((await server.send('GET /admin/stats')).body) as Sizes).limits.sizes;
}

/** A server whose configuration can be changed under it. */
async function reloadable(t: TestContext, given: OptionsInput) {
  let config = { port: 0, drainTime: '0s', ...given };
  const load = () => loadOptions({ flags: { config: 'config.json' }, env: {}, readFile: () => JSON.stringify(config) });
  const server = await TestServer.start(t, given, { source: { loaded: load(), again: load } });
  const reload = (next: OptionsInput) => {
    config = { port: 0, drainTime: '0s', ...next };
    return server.send('POST /admin/config/reload');
  };
  return { server, reload };
}

test('a reload changes the sizes, and stats show those that hold', async (t) => {
  const { server, reload } = await reloadable(t, {});
  const sizes = await sizesOf(server);
  const shown = ({ head, url, filter, topicCharacters, ownIdCharacters, typeCharacters }: typeof sizes) => {
    return { head, url, filter, topicCharacters, ownIdCharacters, typeCharacters };
  };
  assert.deepEqual(shown(sizes), {
    head: 16_384,
    url: 16_384,
    filter: 1024,
    topicCharacters: 128,
    ownIdCharacters: 64,
    typeCharacters: 128,
  });

  const { status, body } = await reload({ ...RAISED, idLimit: 8, urlLimit: '2kb', headerLimit: '64kb' });
  assert.equal(status, 200, body);
  const { changed, needsRestart } = JSON.parse(body) as Record<string, { name: string }[]>;
  assert.deepEqual(
    changed?.map(({ name }) => name),
    ['urlLimit', 'filterLimit', 'topicLimit', 'idLimit', 'typeLimit'],
  );
  assert.deepEqual(needsRestart, [{ name: 'headerLimit', old: '16kb', new: '64kb' }]);
  assert.deepEqual(shown(await sizesOf(server)), {
    head: 16_384,
    url: 2048,
    filter: 3000,
    topicCharacters: 1024,
    ownIdCharacters: 8,
    typeCharacters: 1024,
  });
  for (const [option, ways] of Object.entries(WAYS) as [keyof typeof WAYS, Readonly<Record<string, Way>>][])
    for (const [way, enter] of Object.entries(ways)) {
      // What stands in a URL is longer than that may be now.
      if (/query|list|past|redaction/.test(way) && option === 'filterLimit') continue;
      const limit = { ...RAISED, idLimit: 8 }[option];
      assert.equal(await enter(server, limit), undefined, way);
      assert.notEqual(await enter(server, limit + 1), undefined, way);
    }
});

test('a reload is refused whose default event would be too large for it', async (t) => {
  const { server, reload } = await reloadable(t, { event: 'price-of-gold' });
  const { status, body } = await reload({ event: 'price-of-gold', typeLimit: 5 });
  assert.equal(status, 422);
  assert.match(JSON.parse(body).detail, /\/event: has at most 5 characters; see --type-limit/);
  assert.equal((await sizesOf(server)).typeCharacters, 128);
  assert.equal((await server.broadcast()).status, 202);
});

test('an event without a type can be sent whatever types may be', async (t) => {
  const server = await TestServer.start(t, { typeLimit: 1 });
  assert.equal((await server.broadcast()).status, 202);
  assert.equal((await server.broadcast('Content-Type: application/json', '{"event":"message","data":"x"}')).status, 202);
});

test('two servers in one program have sizes of their own', async (t) => {
  const [one, other] = [await TestServer.start(t, { topicLimit: 10 }), await TestServer.start(t, { topicLimit: 20 })];
  const draft = { data: 'x', topics: text(15) };
  await assert.rejects(one.app.publish(draft, 'library'), {
    message: '/topics/0: has at most 10 characters; see --topic-limit',
  });
  await other.app.publish(draft, 'library');
});

const OWN_ADMIN = { adminListen: '0' };

/** The ports of a server: its own, and that of the listener that admin has. */
const portsOf = ({ port, admin }: TestServer) =>
  [
    [port, '/livez'],
    [Number(new URL(admin).port), '/admin/stats'],
  ] as const;

for (const [headerLimit, bytes] of [
  ['4kb', 4096],
  ['64kb', 65_536],
] as const)
  test(`a head of more than ${headerLimit} is refused on both listeners, and told so`, async (t) => {
    const server = await TestServer.start(t, { ...OWN_ADMIN, headerLimit });
    for (const [port, path] of portsOf(server)) {
      for (const head of [
        (size: number) => `GET ${path}\nX: ${'y'.repeat(size)}`,
        (size: number) => `GET ${path}?${'y'.repeat(size)}`,
      ]) {
        const { status, body } = await server.send(head(bytes - 200), '', { port });
        assert(status === 200 || (status === 400 && path === '/admin/stats'), `${path} ${status} ${body}`);
        const refused = await server.send(head(bytes), '', { port });
        assert.equal(refused.status, 431);
        assert.equal(refused.headers.connection, 'close');
        const { detail, code, requestId } = JSON.parse(refused.body);
        assert.equal(detail, `the head of a request has at most ${bytes} bytes, its URL included; see --header-limit`);
        assert.deepEqual([code, requestId], ['too-many-headers', refused.headers['x-request-id']]);
      }
    }
    assert.deepEqual(
      new Set(server.of('refused').map(({ detail }) => detail.includes(`at most ${bytes} bytes`))),
      new Set([true]),
    );
  });

test('a longer URL is refused with a problem on both listeners, whatever it asks for', async (t) => {
  const server = await TestServer.start(t, { ...OWN_ADMIN, urlLimit: '100b' });
  const target = (path: string, bytes: number) => `${path}?${'y'.repeat(bytes - path.length - 1)}`;
  const detail = 'a URL has at most 100 bytes here, without scheme and host; see --url-limit';
  for (const [port, path] of portsOf(server)) {
    assert.notEqual((await server.send(`GET ${target(path, 100)}`, '', { port })).status, 414);
    const { status, headers, body } = await server.send(`GET ${target(path, 101)}`, '', { port });
    assert.equal(status, 414);
    assert.equal(headers['content-type'], 'application/problem+json; charset=utf-8');
    assert.deepEqual([JSON.parse(body).code, JSON.parse(body).detail], ['uri-too-long', detail]);
    assert.equal((await server.send(`HEAD ${target(path, 101)}`, '', { port })).status, 414);
    assert.equal((await server.send(`POST ${target(path, 101)}`, 'a body', { port })).status, 414);
  }
  // Sent again it would be as long: no EventSource is told to come back.
  const stream = await server.send(`GET ${target('/sse', 101)}\nAccept: text/event-stream`);
  assert.equal(stream.status, 414);
  assert.equal(stream.headers['retry-after'], undefined);
  assert.equal(server.app.hub.size, 0);
  assert.equal((await server.stream(target('', 96))).retries.length, 1);
  assert.equal(server.of('refused').filter(({ code }) => code === 'uri-too-long').length, 7);
});

test('where URLs are not limited, one may be as long as the head may', async (t) => {
  const server = await TestServer.start(t);
  assert.equal((await server.send(`GET /livez?${'y'.repeat(15_000)}`)).status, 200);
});
