import assert from 'node:assert/strict';
import { test } from 'node:test';
import { unsnappy } from '../../src/store/snappy.ts';

/** By hand, after google/snappy, format_description.txt. */
const packed = {
  literal: Buffer.from([3, 2 << 2, ...Buffer.from('abc')]),
  'long literal': Buffer.from([100, 60 << 2, 99, ...Buffer.from('x'.repeat(100))]),
  'near copy that repeats itself': Buffer.from([9, 0 << 2, 97, 1 | (4 << 2), 1]),
  'copy with two bytes': Buffer.from([5, 2 << 2, ...Buffer.from('abc'), 2 | (1 << 2), 3, 0]),
  'copy with four bytes': Buffer.from([5, 2 << 2, ...Buffer.from('abc'), 3 | (1 << 2), 2, 0, 0, 0]),
};

test('literals and copies are unpacked', () => {
  const unpacked = Object.values(packed).map((bytes) => unsnappy(bytes).toString());
  assert.deepEqual(unpacked, ['abc', 'x'.repeat(100), 'aaaaaaaaa', 'abcab', 'abcbc']);
});

test('what is not whole is refused, and takes no memory', () => {
  for (const [what, bytes] of Object.entries(packed))
    for (let length = 0; length < bytes.length; length++)
      assert.throws(() => unsnappy(bytes.subarray(0, length)), RangeError, `${length} bytes of a ${what}`);
  assert.throws(() => unsnappy(Buffer.from([255, 255, 255, 255, 15, 0, 97])), RangeError, 'four gigabytes');
  assert.throws(() => unsnappy(Buffer.from([255, 255, 255, 255, 255, 255, 15])), RangeError);
  assert.throws(() => unsnappy(Buffer.from([2, 0, 97, 1, 2])), RangeError, 'a copy from before the beginning');
  assert.throws(() => unsnappy(Buffer.from([5, 0, 97, 1, 0])), RangeError, 'a copy of itself');
});
