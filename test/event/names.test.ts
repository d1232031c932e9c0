import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isLoopbackAddress, isLoopbackName } from '../../src/loopback.ts';
import { didYouMean, nearest } from '../../src/nearest.ts';

test('a misspelt name is answered with the one that was meant', () => {
  const names = ['filter', 'data', 'event', 'topics', 'except', 'retry'];
  for (const [given, meant] of [
    ['filtr', 'filter'],
    ['Filter', 'filter'],
    ['flitre', 'filter'],
    ['datum', 'data'],
    ['evnt', 'event'],
    ['topic', 'topics'],
    ['xyzzy', undefined],
    ['', undefined],
    ['x'.repeat(10_000), undefined],
  ] as const)
    assert.equal(nearest(given, names), meant, given);
  assert.equal(didYouMean('prot', ['port', 'host']), "; did you mean 'port'?");
  assert.equal(didYouMean('quite else', ['port', 'host']), '');
});

test('loopback is 127.0.0.0/8, ::1 and the names that always mean them', () => {
  for (const address of ['127.0.0.1', '127.255.255.254', '::1', '::ffff:127.0.0.1']) assert(isLoopbackAddress(address), address);
  for (const address of ['128.0.0.1', '127.0.0.256', '127.0.0', '127.0.0.1.evil.test', '::2', '::ffff:10.0.0.1', '', 'localhost'])
    assert(!isLoopbackAddress(address), address);
  for (const name of ['localhost', 'LOCALHOST', 'app.localhost', 'localhost.', '127.0.0.1', '[::1]'])
    assert(isLoopbackName(name), name);
  for (const name of ['localhost.evil.test', 'notlocalhost', '.localhost', 'evil.test', '0.0.0.0', '[::]', ''])
    assert(!isLoopbackName(name), name);
});
