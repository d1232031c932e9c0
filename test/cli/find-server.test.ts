import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Effects } from '../../src/cli/effects.ts';
import { findServer, type ServerFlags, type ServerPlace } from '../../src/cli/find-server.ts';

const READY = '{"pid":1,"url":"http://localhost:8080/","sse":"http://localhost:8080/events","admin":"unix:/run/admin.sock"}';

function find(flags: ServerFlags = {}, env: Effects['env'] = {}): ServerPlace {
  return findServer(flags, {
    env,
    readFile: (path) => {
      if (path === 'ready.json') return READY;
      if (path === 'other.json') return '{"a":1}';
      if (path === 'text') return 'not JSON';
      if (path === 'null') return 'null';
      throw Object.assign(new Error('EACCES: permission denied'), { code: path === 'gone' ? 'ENOENT' : 'EACCES' });
    },
  });
}

describe('A running server is found', () => {
  it('at http://localhost:2015 when nothing is said', () => {
    assert.deepEqual(find(), { admin: 'http://localhost:2015/', sse: 'http://localhost:2015/sse' });
    assert.deepEqual(find({}, { SSE_SERVER_URL: '', SSE_SERVER_READY_FILE: '' }), find());
  });

  it('by the URL of its origin, its admin or its stream', () => {
    for (const url of ['http://a:1', 'http://a:1/', 'http://a:1/admin', 'http://a:1/admin/'])
      assert.deepEqual(find({ url }), { admin: url, sse: 'http://a:1/sse' });
    const stream = 'https://a/api/test/sse?profile=x';
    assert.deepEqual(find({ url: stream }), { admin: stream, sse: stream });
    assert.equal(find({ url: 'http://a/administrators' }).sse, 'http://a/administrators');
  });

  it('by the socket of its admin, behind which there is no stream', () => {
    assert.deepEqual(find({ url: 'unix:/run/admin.sock' }), { admin: 'unix:/run/admin.sock' });
  });

  it('by its ready file', () => {
    assert.deepEqual(find({ readyFile: 'ready.json' }), { admin: 'unix:/run/admin.sock', sse: 'http://localhost:8080/events' });
  });

  it('by flags before variables, and by a URL before a file', () => {
    const env = { SSE_SERVER_URL: 'http://env', SSE_SERVER_READY_FILE: 'ready.json' };
    const { admin } = find({}, { SSE_SERVER_READY_FILE: 'ready.json' });
    assert.equal(admin, 'unix:/run/admin.sock');
    assert.equal(find({}, env).admin, 'http://env');
    assert.equal(find({ readyFile: 'ready.json' }, env).admin, 'unix:/run/admin.sock');
    assert.equal(find({ url: 'http://flag', readyFile: 'ready.json' }, env).admin, 'http://flag');
  });

  it('as curl takes it, without a scheme', () => {
    assert.deepEqual(find({ url: 'localhost:2015' }), { admin: 'http://localhost:2015', sse: 'http://localhost:2015/sse' });
    assert.equal(find({ url: '[::1]:2015/events' }).sse, 'http://[::1]:2015/events');
  });

  for (const url of ['localhost', 'ftp://a', 'http://', 'unix:', '', 'a\u001b[2J'])
    it(`not by ${JSON.stringify(url)}`, () => {
      assert.throws(() => find({ url }), { code: 'invalid-config', message: /^--url: must be a URL such as http:.* not '/ });
    });

  it('not by what is no ready file, or by one whose server has ended', () => {
    for (const readyFile of ['other.json', 'text', 'null'])
      assert.throws(() => find({ readyFile }), { code: 'invalid-config', message: /^--ready-file: '[\w.]+' is no ready file/ });
    assert.throws(() => find({ readyFile: 'secret' }), { code: 'invalid-config', message: /permission denied/ });
    assert.throws(() => find({}, { SSE_SERVER_READY_FILE: 'gone' }), {
      code: 'request-failed',
      message: "SSE_SERVER_READY_FILE: there is no 'gone': is its server running?",
    });
  });
});
