import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseSince } from '../../src/http/since.ts';
import { requestOf, Stream, TestServer } from '../support/server.ts';
import { hostileText } from '../support/wild-requests.ts';

const RUNS = Number(process.env.RUNS ?? 100);
const NOW = Date.parse('2026-01-01T00:00:00Z');

test('whatever `since` says, it is a moment, the beginning, or nothing at all, and never fails', () => {
  const words = fc.constantFrom(
    'earliest',
    '0',
    '5m',
    '1h30m',
    '-1h',
    '2025-12-31T23:59:59Z',
    '2025-12-31',
    '1e400',
    'NaN',
    '99999999d',
  );
  fc.assert(
    fc.property(
      fc.oneof(
        words,
        hostileText,
        fc.string({ unit: 'binary' }),
        fc.date({ noInvalidDate: true }).map((date) => date.toISOString()),
      ),
      (text) => {
        const since = parseSince(text, NOW);
        assert(since === undefined || since === 'earliest' || Number.isFinite(since), `${text}: ${since}`);
      },
    ),
    { numRuns: RUNS * 10 },
  );
});

test('a time of the past is the moment that it names', () => {
  const date = fc.date({ min: new Date('2000-01-01T00:00:00Z'), max: new Date(NOW), noInvalidDate: true });
  fc.assert(
    fc.property(date, (moment) => assert.equal(parseSince(moment.toISOString(), NOW), moment.getTime())),
    { numRuns: RUNS * 10 },
  );
});

test('whatever position a client comes back with, it gets a gap or the rest of the log in order, each event once', async (t) => {
  const server = await TestServer.start(t);
  for (let n = 1; n <= 20; n++) await server.broadcast('', `event ${n}`);
  const first = await server.stream('?since=earliest');
  await first.until('event 20');
  const epoch = /^id: ([a-z0-9]+)-/m.exec(first.body)?.[1] ?? '';
  first.wire.socket.destroy();
  const sequence = fc.oneof(
    fc.integer({ min: -2, max: 25 }).map(String),
    fc.constantFrom('007', '1e1', '0x5', '9'.repeat(30), '', ' 5', '5.5', '+5'),
  );
  const header = fc.oneof(
    { weight: 3, arbitrary: sequence.map((number) => `${epoch}-${number}`) },
    sequence.map((number) => `other-${number}`),
    hostileText.map((text) => text.replace(/\p{Cc}|\p{Cs}/gu, '').slice(0, 200)),
  );
  await fc.assert(
    fc.asyncProperty(header, fc.boolean(), async (id, inQuery) => {
      const wire = server.connect();
      wire.send(
        inQuery
          ? requestOf(`GET /sse?lastEventId=${encodeURIComponent(id)}`, '', server.port)
          : requestOf(`GET /sse\nLast-Event-ID: ${id}`, '', server.port),
      );
      const head = await wire.until((received) => received.includes('\r\n\r\n') && received, 'an answer');
      if (!head.startsWith('HTTP/1.1 200')) {
        wire.socket.destroy();
        return assert.match(head, /^HTTP\/1\.1 4\d\d /);
      }
      const stream = new Stream(wire);
      const exact = new RegExp(`^${epoch}-(\\d+)$`).exec(id);
      const from = exact && String(Number(exact[1])) === exact[1] ? Number(exact[1]) : undefined;
      await wire.until(() => stream.body.includes('\n\n'), 'the first event');
      if (from !== undefined && from < 20) await stream.until('event 20');
      const numbers = [...stream.body.matchAll(/^data: event (\d+)$/gm)].map(([, number]) => Number(number));
      wire.socket.destroy();
      if (from !== undefined && from <= 20)
        assert.deepEqual(
          numbers,
          Array.from({ length: 20 - from }, (_, index) => from + 1 + index),
          id,
        );
      else
        assert.deepEqual(
          numbers,
          [...new Set(numbers)].toSorted((a, b) => a - b),
          id,
        );
    }),
    { numRuns: Math.min(RUNS, 5000) },
  );
});
