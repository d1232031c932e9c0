import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { HOSTILE, withoutControls } from '../support/hostile.ts';
import { temporaryFolder } from '../support/program.ts';
import { promtool, samplesOf, whyNoPromtool } from '../support/scrape.ts';
import { requestOf, type Stream, TestServer } from '../support/server.ts';
import { tokenFile } from './files.ts';

const TOKEN = 'a-token-of-some-length';
const USERS = fileURLToPath(new URL('../../config/users.example.json', import.meta.url));
/** What Prometheus asks for. */
const PROMETHEUS =
  'application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1';

async function scrape(server: TestServer): Promise<ReadonlyMap<string, number>> {
  const { status, body } = await server.send('GET /metrics');
  assert.equal(status, 200);
  return samplesOf(body);
}

/** Looks again and again, since what clients do reaches the server in its own time. */
async function until(what: string, holds: () => boolean): Promise<void> {
  for (let looks = 0; !holds(); looks++) {
    assert(looks < 5000, `waited in vain until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

test('the library that writes it is loaded when somebody asks, and what was before that is counted', async (t) => {
  const loaded = () => Object.keys(createRequire(import.meta.url).cache).some((path) => path.includes('prom-client'));
  const server = await TestServer.start(t);
  const first = await server.stream('?profile=Member');
  await server.broadcast('', 'one');
  await server.broadcast('X-Filter: profile == "Member"', 'two');
  await first.until('two');
  const second = await server.stream('?since=earliest');
  await second.until('one');
  await server.broadcast('', 'three');
  await Promise.all([first.until('three'), second.until('three')]);
  first.wire.socket.destroy();
  await until('the first has left', () => server.app.hub.size === 1);
  assert.equal(loaded(), false);

  const numbers = await scrape(server);
  assert.equal(loaded(), true);
  const expected = {
    sse_ready: 1,
    'sse_clients{place="live"}': 1,
    'sse_clients{place="blocked"}': 0,
    sse_clients_limit: 10_000,
    'sse_connections_total{result="opened"}': 2,
    'sse_closes_total{reason="left"}': 1,
    'sse_closes_total{reason="slow"}': 0,
    sse_events_total: 3,
    sse_deliveries_total: 5,
    sse_replayed_events_total: 1,
    sse_sent_bytes_total: first.body.length + second.body.length,
    sse_history_events: 3,
    sse_publish_to_write_seconds_count: 3,
    'sse_publish_to_write_seconds_bucket{le="+Inf"}': 3,
    'sse_gaps_total{reason="corrupt"}': 0,
    sse_failures_total: 0,
  };
  assert.deepEqual(Object.fromEntries(Object.keys(expected).map((key) => [key, numbers.get(key)])), expected);
  assert((numbers.get('sse_history_bytes') ?? 0) > 0);
  assert((numbers.get('process_cpu_seconds_total') ?? 0) > 0.2, 'what the process had used before is in it');
  assert(!numbers.has('sse_store_writable'), 'there is no store');
});

test('a client that does not take its bytes stands among the blocked, and its flush counts once it has', async (t) => {
  const server = await TestServer.start(t);
  const stream = await server.stream();
  stream.wire.socket.pause();
  const blocked = () => server.app.hub.places.blocked === 1;
  for (let sent = 0; !blocked(); sent++) {
    assert(sent < 1000);
    await server.broadcast('', 'x'.repeat(100_000));
  }
  const before = await scrape(server);
  assert.equal(before.get('sse_clients{place="blocked"}'), 1);
  stream.wire.socket.resume();
  await until('it has taken all', () => server.app.hub.places.live === 1);
  const after = await scrape(server);
  for (const name of ['sse_flush_seconds_count', 'sse_flush_seconds_sum'])
    assert((after.get(name) ?? 0) > (before.get(name) ?? 0), name);
});

test('who gets no stream is counted by how, and by what is wrong', async (t) => {
  const server = await TestServer.start(t, { maxClients: 1, users: USERS });
  const asks = (headers: string) => server.send(`GET /sse\n${headers}`);
  assert.equal((await asks('Authorization: Bearer nobody-knows-it')).status, 401);
  await server.stream();
  assert.equal((await asks('Accept: text/event-stream')).status, 200);
  assert.equal((await asks('')).status, 503);
  const numbers = await scrape(server);
  assert.equal(numbers.get('sse_connections_total{result="opened"}'), 1);
  assert.equal(numbers.get('sse_connections_total{result="put-off"}'), 2);
  assert.equal(numbers.get('sse_connections_total{result="refused"}'), 1);
  assert.equal(numbers.get('sse_refusals_total{code="at-capacity"}'), 2);
  assert.equal(numbers.get('sse_refusals_total{code="invalid-credential"}'), 1);
  assert.equal(numbers.get('sse_auth_failures_total{defect="unknown"}'), 1);
  assert.equal(numbers.get('sse_auth_failures_total{defect="expired"}'), 0);
});

test('a store has its size, its state and the time that its syncs take', async (t) => {
  const server = await TestServer.start(t, { store: join(temporaryFolder(), 'log') });
  for (const data of ['one', 'two']) await server.broadcast('', data);
  const numbers = await scrape(server);
  assert.equal(numbers.get('sse_store_writable'), 1);
  assert.equal(numbers.get('sse_store_events'), 2);
  assert((numbers.get('sse_store_bytes') ?? 0) > 0);
  assert.equal(numbers.get('sse_store_append_seconds_count'), 2);
  assert((numbers.get('sse_store_append_seconds_sum') ?? 0) > 0);
  assert.equal(numbers.get('sse_publish_to_write_seconds_count'), 0, 'nobody was there to write to');
});

test('nothing that a stranger says becomes a label', async (t) => {
  const server = await TestServer.start(t);
  const mark = 'strange-text';
  const stream = await server.stream(`?profile=${mark}&topic=${mark}&lastEventId=${mark}-1`);
  for (const head of [`GET /${mark}`, `GET /admin/${mark}`, `${mark.toUpperCase()} /`, `GET /sse?since=${mark}`])
    await server.send(head);
  await server.broadcast(`X-Event: ${mark}\nX-Topics: ${mark}\nX-Id: ${mark}`, mark);
  await stream.event(mark);
  const { body } = await server.send('GET /metrics');
  assert.equal(samplesOf(body).get('sse_gaps_total{reason="unknown"}'), 1);
  assert(!body.toLowerCase().includes(mark));
});

for (const [accept, format] of [
  ['', 'text/plain; version=0.0.4; charset=utf-8'],
  ['Accept: */*', 'text/plain; version=0.0.4; charset=utf-8'],
  ['Accept: text/html,*/*;q=0.8', 'text/plain; version=0.0.4; charset=utf-8'],
  ['Accept: text/plain;version=0.0.4', 'text/plain; version=0.0.4; charset=utf-8'],
  ['Accept: application/openmetrics-text;q=0', 'text/plain; version=0.0.4; charset=utf-8'],
  ['Accept: application/openmetrics-text;version=0.0.1', 'text/plain; version=0.0.4; charset=utf-8'],
  ['Accept: application/openmetrics-text;q=0.4,text/plain;q=0.5', 'text/plain; version=0.0.4; charset=utf-8'],
  ['Accept: application/openmetrics-text', 'application/openmetrics-text; version=1.0.0; charset=utf-8'],
  ['Accept: Application/OpenMetrics-Text; Version=1.0.0; Q=1', 'application/openmetrics-text; version=1.0.0; charset=utf-8'],
  [`Accept: ${PROMETHEUS}`, 'application/openmetrics-text; version=1.0.0; charset=utf-8'],
] as const)
  test(`asked with ${accept === '' ? 'nothing' : JSON.stringify(accept)}, the format is ${format.split(';')[0]}`, async (t) => {
    const server = await TestServer.start(t);
    const { status, headers, body } = await server.send(`GET /metrics\n${accept}`);
    assert.deepEqual([status, headers['content-type'], headers['cache-control']], [200, format, 'no-store']);
    assert.equal(body.endsWith('# EOF\n'), format.includes('openmetrics'));
  });

test('both formats have the same numbers under the same names, one after the other and at the same time', async (t) => {
  const server = await TestServer.start(t);
  const stream = await server.stream();
  await server.broadcast();
  await stream.until('hello');
  const answers = await Promise.all(
    [0, 1, 2, 3].map((n) => server.send(`GET /metrics\n${n % 2 ? `Accept: ${PROMETHEUS}` : ''}`)),
  );
  const ours = answers.map(({ body }) => [...samplesOf(body)].filter(([key]) => key.startsWith('sse_')));
  // OpenMetrics writes whole bounds with a fraction.
  const plain = ours.map((samples) => samples.map(([key, value]) => [key.replace(/le="(\d+)\.0"/, 'le="$1"'), value]));
  for (const samples of plain) assert.deepEqual(samples, plain[0]);
  const [text = '', openMetrics = ''] = answers.map(({ body }) => body);
  assert.match(text, /^# TYPE sse_events_total counter\nsse_events_total 1$/m);
  assert.match(openMetrics, /^# TYPE sse_events counter\nsse_events_total 1$/m);
  assert.match(openMetrics, /^sse_flush_seconds_bucket\{le="1\.0"\}/m);
});

test('the buckets of a histogram only grow, and the last has all', async (t) => {
  const server = await TestServer.start(t);
  const stream: Stream = await server.stream();
  for (let n = 0; n < 20; n++) await server.broadcast('', String(n));
  await stream.until('19');
  const numbers = await scrape(server);
  for (const name of ['sse_publish_to_write_seconds', 'sse_flush_seconds']) {
    const buckets = [...numbers].filter(([key]) => key.startsWith(`${name}_bucket`)).map(([, value]) => value);
    assert(buckets.length > 10);
    assert.deepEqual(
      buckets,
      buckets.toSorted((a, b) => a - b),
    );
    assert.equal(buckets.at(-1), numbers.get(`${name}_count`));
  }
});

test('Prometheus itself finds nothing wrong with ours', { skip: whyNoPromtool() }, async (t) => {
  const server = await TestServer.start(t, { store: join(temporaryFolder(), 'log') });
  await server.broadcast();
  const { body } = await server.send('GET /metrics');
  const complaints = promtool(['check', 'metrics'], body)
    .said.split('\n')
    .filter((line) => line !== '' && !line.startsWith('nodejs_active_'));
  assert.deepEqual(complaints, []);
});

test('who may not use admin sees no numbers', async (t) => {
  const server = await TestServer.start(t);
  for (const [headers, status] of [
    ['', 200],
    ['Host: evil.test', 421],
    ['Origin: http://evil.test', 403],
    ['Sec-Fetch-Site: cross-site', 403],
  ] as const)
    assert.equal((await server.send(`GET /metrics\n${headers}`)).status, status, headers);
  const post = await server.send('POST /metrics', 'x');
  assert.deepEqual([post.status, post.headers.allow], [405, 'GET, HEAD']);
  const head = await server.send('HEAD /metrics');
  assert.deepEqual([head.status, head.body, Number(head.headers['content-length']) > 1000], [200, '', true]);
  assert.equal((await server.send('GET /metrics\nX-Forwarded-For: 192.0.2.1')).status, 403);
  assert.equal((await server.send('GET /metrics')).status, 403, 'what shares its port with admin is closed with it');
});

test('a server that others reach shows them on its own listener for admin, to who has its token', async (t) => {
  const server = await TestServer.start(t, { trustProxy: 'loopback', adminTokenFile: tokenFile(TOKEN) });
  const admin = { port: Number(new URL(server.admin).port) };
  const authorization = `Authorization: Bearer ${TOKEN}`;
  for (const path of ['/metrics', '/metrics/', '/Metrics', '//metrics', '/x/../metrics', '/%6detrics'])
    assert.equal((await server.send(`GET ${path}\n${authorization}`)).status, 404, path);
  assert.equal((await server.send('GET /metrics', '', admin)).status, 401);
  assert.equal((await server.send(`GET /metrics\n${authorization}x`, '', admin)).status, 401);
  assert.equal((await server.send(`GET /metrics\n${authorization}\nHost: evil.test`, '', admin)).status, 421);
  const { status, body } = await server.send(`GET /metrics\n${authorization}`, '', admin);
  assert.equal(status, 200);
  assert.match(body, /^sse_build_info\{version="[\d.]+"\} 1$/m);
});

test('what strangers send makes no metric, no label and no value of one', { skip: whyNoPromtool() }, async (t) => {
  const server = await TestServer.start(t);
  const before = await scrape(server);
  for (const text of Object.values(HOSTILE)) {
    const [field, line] = [encodeURIComponent(text), withoutControls(text)];
    const short = field.slice(0, 3000);
    for (const head of [
      `GET /sse?profile=${short}&login=${short}&id=${short}`,
      `GET /sse?topic=${short}\nLast-Event-ID: ${line}`,
    ]) {
      const wire = server.connect();
      wire.send(requestOf(head, '', server.port));
      await wire.until((received) => received.includes('\r\n\r\n'), 'an answer');
      wire.socket.destroy();
    }
    await server.send(`GET /${short}\nX-Request-Id: ${line}\nOrigin: ${line}\nAuthorization: Bearer ${line}`);
    await server.send(
      `POST /admin/broadcast\nContent-Type: application/json`,
      JSON.stringify({ event: text, data: text, topics: [text] }),
    );
    await server.send(`POST /admin/broadcast\nX-Event: ${line}\nX-Filter: ${line}`, text);
  }
  const { body } = await server.send('GET /metrics');
  // Node has some only once there was something to measure.
  const ours = (numbers: ReadonlyMap<string, number>) => [...numbers.keys()].filter((key) => !key.startsWith('nodejs_'));
  assert.deepEqual(ours(samplesOf(body)), ours(before));
  assert((samplesOf(body).get('sse_events_total') ?? 0) > 0);
  const complaints = promtool(['check', 'metrics'], body).said.split('\n');
  assert.deepEqual(
    complaints.filter((line) => line !== '' && !line.startsWith('nodejs_active_')),
    [],
  );
});
