import assert from 'node:assert/strict';
import { test } from 'node:test';
import { crc32c } from '../../src/store/tables.ts';

// RFC 3720, appendix B.4.
test('the checksum is the one of the standard', () => {
  assert.equal(crc32c(new Uint8Array(32)), 0x8a9136aa);
  assert.equal(crc32c(new Uint8Array(32).fill(255)), 0x62a8ab43);
  assert.equal(crc32c(Uint8Array.from({ length: 32 }, (_, i) => i)), 0x46dd794e);
  assert.equal(crc32c(Buffer.from('123456789')), 0xe3069283);
  assert.equal(crc32c(Buffer.from('x123456789y'), 1, 10), 0xe3069283);
});
