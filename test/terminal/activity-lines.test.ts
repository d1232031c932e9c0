import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SseError } from '../../src/errors.ts';
import type { Activity } from '../../src/hub/activity.ts';
import { activityLine, activityRecord } from '../../src/terminal/activity-lines.ts';
import { ESC } from '../../src/terminal/escape.ts';
import { clientOf } from './fixtures.ts';

const ada = clientOf({
  name: 'Ada',
  login: 'ada',
  profile: 'Administrator',
  claims: { secret: 's3cret' },
  mail: 'ada@example.org',
});
const closed = { kind: 'closed', client: ada, clients: 1, duration: 12_000, events: 3, bytes: 400 } as const;

test('a person is told who joined and who left, and why', () => {
  assert.equal(
    activityLine({ kind: 'opened', client: clientOf(), clients: 2 })?.text,
    '+ anonymous 127.0.0.1 joined · 2 clients',
  );
  assert.equal(activityLine({ ...closed, reason: 'left' })?.text, '- Ada (Administrator) left after 12 s · 1 client');
  assert.equal(activityLine({ ...closed, reason: 'slow' })?.look, 'yellow');
});

test('a person is told of broadcasts of others only: a key has its own answer', () => {
  const broadcast = { kind: 'broadcast', id: 'e-1', type: 'price', size: 5, matched: 1 } as const;
  assert.equal(activityLine({ ...broadcast, source: 'http' })?.text, '> price to 1 client · e-1 (http)');
  assert.equal(activityLine({ ...broadcast, source: 'terminal' }), undefined);
  assert.deepEqual(activityRecord({ ...broadcast, source: 'terminal' }), {
    level: 'info',
    msg: 'broadcast',
    fields: { id: 'e-1', type: 'price', size: 5, matched: 1, source: 'terminal' },
  });
});

test('the record of an opened stream names the client and nothing it could keep secret', () => {
  const { level, msg, fields } = activityRecord({ kind: 'opened', client: ada, clients: 1 });
  assert.deepEqual([level, msg], ['info', 'stream opened']);
  assert.deepEqual(fields, {
    client: 'c1',
    ip: '127.0.0.1',
    authenticated: false,
    login: 'ada',
    profile: 'Administrator',
    topics: [],
    clients: 1,
  });
});

test('the record of a closed stream has duration, events, bytes and reason; slow and error are warnings', () => {
  const { level, fields } = activityRecord({ ...closed, reason: 'left' });
  assert.equal(level, 'info');
  assert.deepEqual([fields.duration, fields.events, fields.bytes, fields.reason], [12_000, 3, 400, 'left']);
  assert.equal(fields.vanished, undefined);
  assert.equal(activityRecord({ ...closed, reason: 'left', vanished: true }).fields.vanished, true);
  assert.deepEqual(
    (['slow', 'error', 'shutdown', 'max-age'] as const).map((reason) => activityRecord({ ...closed, reason }).level),
    ['warn', 'warn', 'info', 'info'],
  );
});

test('refusals are told by how much they matter; a missing page only when debugging', () => {
  const refused = { kind: 'refused', detail: 'no', method: 'GET', path: '/x', ip: '127.0.0.1' } as const;
  assert.deepEqual(
    ['forbidden', 'invalid-event', 'not-found'].map((code) => activityRecord({ ...refused, code }).level),
    ['warn', 'info', 'debug'],
  );
  assert.equal(activityLine({ ...refused, code: 'not-found' }), undefined);
  assert.equal(activityLine({ ...refused, code: 'forbidden' })?.text, '! refused GET /x of 127.0.0.1: no (forbidden)');
});

test('the sign of a proxy is loud and names the option', () => {
  const seen = { kind: 'proxy-seen', sign: 'Via' } as const;
  assert.match(activityLine(seen)?.text ?? '', /--trust-proxy.*\(sign: Via\)/);
  assert.equal(activityRecord(seen).level, 'warn');
});

test('a gap tells how many events were missed, if that is known', () => {
  const gap = { kind: 'gap', client: ada, requested: 'x-1', reason: 'evicted' } as const;
  assert.equal(activityLine({ ...gap, missed: 2 })?.text, '~ Ada (Administrator) missed 2 events (evicted)');
  assert.match(activityLine({ ...gap, missed: null })?.text ?? '', /unknown number/);
  assert.equal(activityRecord({ ...gap, reason: 'corrupt', missed: null }).level, 'warn');
});

test('a mistake is told by its message, a defect by its stack', () => {
  const failed = (error: unknown) => activityLine({ kind: 'failed', what: 'writing', error })?.text ?? '';
  assert.equal(failed(new SseError('stopping', 'stopping now')), '! writing: stopping now');
  assert.match(failed(new TypeError('boom')), /^! writing: TypeError: boom\n {4}at /);
  assert.equal(failed('a string'), '! writing: a string');
});

test('no untrusted text reaches a line or a record as it is', () => {
  // In JSON text an escape character is written out as well.
  const UNSAFE = new RegExp(`${ESC}|\\\\u001b|\\u202E`, 'u');
  const evil = '\u001b[2J\u202E';
  const client = clientOf({ name: evil, profile: evil, login: evil, id: evil }, 'c1', [evil]);
  const activities: Activity[] = [
    { kind: 'opened', client, clients: 1 },
    { ...closed, client, reason: 'left' },
    { kind: 'broadcast', id: 'e-1', type: evil, size: 1, matched: 1, source: 'http' },
    { kind: 'gap', client, reason: 'unknown', requested: evil, missed: null },
    { kind: 'refused', code: 'forbidden', detail: evil, method: evil, path: evil, ip: evil },
    { kind: 'proxy-seen', sign: evil },
    { kind: 'failed', what: evil, error: new Error(evil) },
  ];
  for (const activity of activities) {
    assert.doesNotMatch(activityLine(activity)?.text ?? '', UNSAFE, activity.kind);
    const { msg, fields } = activityRecord(activity);
    if (activity.kind !== 'failed') assert.doesNotMatch(msg + JSON.stringify(fields), UNSAFE, activity.kind);
  }
});
