import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Effects } from '../../src/cli/effects.ts';
import type { TailOrder } from '../../src/cli/tail-order.ts';
import { type Outcome, run } from './run.ts';

async function ordered(argv: readonly string[], env: Effects['env'] = {}): Promise<Outcome & { order: TailOrder | undefined }> {
  let order: TailOrder | undefined;
  const tail = (given: TailOrder) => {
    order = given;
    return 0;
  };
  return { ...(await run(['tail', ...argv], { env, tail })), order };
}

async function orderOf(...argv: string[]): Promise<TailOrder> {
  const { order, stderr } = await ordered(argv);
  assert(order, stderr);
  return order;
}

describe('sse-server tail', () => {
  it('serves nothing, and ends with the exit code of what it ran', async () => {
    const { exitCode, loaded } = await run(['tail'], { tail: async () => 4 });
    assert.deepEqual([exitCode, loaded], [4, undefined]);
  });

  it('by itself follows the stream of the server that there is, without end', async () => {
    assert.deepEqual(await orderOf(), {
      url: 'http://localhost:2015/sse',
      headers: {},
      tokenFile: undefined,
      lastEventId: '',
      types: [],
      json: false,
      exec: undefined,
      count: Infinity,
      timeout: undefined,
    });
  });

  it('takes the URL of a stream, or of its server', async () => {
    assert.equal((await orderOf('http://a:1')).url, 'http://a:1/sse');
    assert.equal((await orderOf('https://a/events?id=7')).url, 'https://a/events?id=7');
    assert.equal((await orderOf('--url', 'http://a:1/admin/')).url, 'http://a:1/sse');
    assert.equal((await ordered([], { SSE_SERVER_URL: 'http://b' })).order?.url, 'http://b/sse');
    assert.equal((await ordered(['http://a'], { SSE_SERVER_URL: 'http://b' })).order?.url, 'http://a/sse');
  });

  it('asks for topics and the past in the URL', async () => {
    const { url } = await orderOf('http://a/sse?topic=x', '--topic', 'a b', '--topic', 'c&d', '--since', '10m', '--limit', '50');
    const { searchParams } = new URL(url);
    assert.deepEqual(searchParams.getAll('topic'), ['x', 'a b', 'c&d']);
    assert.deepEqual([searchParams.get('since'), searchParams.get('limit')], ['10m', '50']);
  });

  it('takes what is done with the events', async () => {
    const argv = [
      '--event',
      'a',
      '--event',
      'b',
      '--json',
      '--exec',
      'cat',
      '--count',
      '3',
      '--timeout',
      '5s',
      '--last-event-id',
      'x-7',
    ];
    const { types, json, exec, count, timeout, lastEventId } = await orderOf(...argv);
    assert.deepEqual([types, json, exec, count, timeout, lastEventId], [['a', 'b'], true, 'cat', 3, 5000, 'x-7']);
  });

  it('takes headers and a file with a token', async () => {
    const { headers, tokenFile } = await orderOf('--header', 'X-Tenant: 7', '--header', 'Cookie:a=b; c=d ', '--token-file', 'f');
    assert.deepEqual([headers, tokenFile], [{ 'x-tenant': '7', cookie: 'a=b; c=d' }, 'f']);
  });

  for (const [argv, line] of [
    [['a'], "URL: must be a URL such as http://localhost:2015 or unix:PATH, not 'a'"],
    [['http://a', 'http://b'], "too many arguments for 'tail'; quote what belongs together"],
    [['http://a', '--url', 'http://b'], '--url: cannot stand beside a URL'],
    [['--url', 'unix:/x'], 'tail: a stream is not served on a socket; give the URL of the stream'],
    [['http://me:secret@a'], 'URL: must not hold a password; the flags for tokens and headers show one'],
    [['--cuont', '1'], "unknown option '--cuont'; did you mean --count?"],
    [['--count', 'x'], "--count: must be a whole number of 1 or more, not 'x'"],
    [['--limit', '-1'], "--limit: must be a whole number of 1 or more, not '-1'"],
    [['--timeout', '5'], "--timeout: must be a duration such as 500ms, 5s or 10m, not '5'"],
    [['--event', ''], '--event: must not be empty; events without a type are of type message'],
    [['--exec', ' '], '--exec: must not be empty'],
    [['--last-event-id', 'a\nb'], '--last-event-id: must not contain control characters or line breaks'],
    [['--header', 'Cookie'], "--header: must be written as 'Name: value', not 'Cookie'"],
    [['--header', 'a: b\r\nc: d'], '--header: a must not contain control characters or line breaks'],
    [['--header', 'a: b', '--header', 'A: c'], '--header: A is given twice'],
    [['--header', 'Accept: */*'], '--header: Accept is always text/event-stream here'],
    [['--header', 'Last-Event-ID: 7'], '--header: Last-Event-ID is said with --last-event-id'],
    [['--header', 'Authorization: x', '--token-file', 'f'], '--header: Authorization is what --token-file says'],
  ] as const)
    it(`says what is wrong in one line: ${JSON.stringify(argv)}`, async () => {
      const { exitCode, stdout, stderr, order } = await ordered(argv);
      assert.deepEqual([exitCode, stdout, stderr, order], [2, '', `sse-server: ${line}\n`, undefined]);
    });
});
