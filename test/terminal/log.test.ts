import assert from 'node:assert/strict';
import { Writable } from 'node:stream';
import { test } from 'node:test';
import { SseError } from '../../src/errors.ts';
import { createLog, logActivity } from '../../src/terminal/log.ts';
import { clientOf } from './fixtures.ts';

const collecting = () => {
  const lines: string[] = [];
  const destination = new Writable({
    decodeStrings: false,
    write(chunk, _encoding, done) {
      lines.push(String(chunk));
      done();
    },
  });
  return { lines, destination };
};

test('JSON lines are there when the call returns, with level, time and message', async () => {
  const { lines, destination } = collecting();
  const log = await createLog({ level: 'info', format: 'json', destination });
  log.info({ n: 1 }, 'hello');
  const { time, ...rest } = JSON.parse(lines[0] ?? '');
  assert.deepEqual(rest, { level: 'info', n: 1, msg: 'hello' });
  assert.match(time, /^\d{4}-.*Z$/);
});

test('a defect is logged with its type and stack, a mistake or an outage with what it says', async () => {
  const { lines, destination } = collecting();
  const log = await createLog({ level: 'info', format: 'json', destination });
  logActivity(log, { kind: 'failed', what: 'writing', error: new TypeError('boom') });
  const { level, msg, error } = JSON.parse(lines[0] ?? '');
  assert.deepEqual([level, msg, error.type, error.message], ['error', 'writing', 'TypeError', 'boom']);
  assert.match(error.stack, /log\.test/);
  logActivity(log, { kind: 'failed', what: 'fetching', error: new SseError('request-failed', 'nobody listens there') });
  assert.equal(JSON.parse(lines[1] ?? '').error, 'nobody listens there');
});

test('the level may be changed while it runs', async () => {
  const { lines, destination } = collecting();
  const log = await createLog({ level: 'warn', format: 'json', destination });
  logActivity(log, { kind: 'opened', client: clientOf(), clients: 1 });
  assert.equal(lines.length, 0);
  log.level = 'info';
  logActivity(log, { kind: 'opened', client: clientOf(), clients: 1 });
  assert.equal(lines.length, 1);
});

test('pretty lines are one line each, there when the call returns, coloured only if wanted', async () => {
  for (const colors of [true, false]) {
    const { lines, destination } = collecting();
    const log = await createLog({ level: 'info', format: 'pretty', destination, colors });
    log.info({ n: 1 }, 'hello');
    assert.match(lines.join(''), /INFO.*hello.*"n":1.*\n$/);
    assert.equal(lines.join('').split('\n').length, 2);
    assert.equal(lines.join('').includes('\u001b['), colors);
  }
});

test('a flood of refusals at a limit does not fill the disk, and what is left out is told of', async (t) => {
  const { lines, destination } = collecting();
  const log = await createLog({ level: 'info', format: 'json', destination });
  let time = 5000;
  t.mock.method(performance, 'now', () => time);
  const refuse = (code: string) =>
    logActivity(log, { kind: 'refused', code, detail: 'too many', method: 'GET', path: '/sse', ip: '192.0.2.1' });
  for (let n = 0; n < 1000; n++) refuse('connect-rate');
  assert.equal(lines.length, 100);
  refuse('invalid-credential');
  assert.equal(lines.length, 101, 'others are not left out for it');
  time += 1000;
  refuse('connect-rate');
  assert.equal(JSON.parse(lines[101] ?? '').skipped, 900);
});
