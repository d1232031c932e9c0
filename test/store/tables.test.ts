import assert from 'node:assert/strict';
import { readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { ClassicLevel } from 'classic-level';
import { crc32c } from '../../src/store/crc32c.ts';
import { damagedTables } from '../../src/store/tables.ts';
import { temporaryFolder } from '../support/program.ts';

// RFC 3720, appendix B.4.
test('the checksum is the one of the standard', () => {
  assert.equal(crc32c(new Uint8Array(32)), 0x8a9136aa);
  assert.equal(crc32c(new Uint8Array(32).fill(255)), 0x62a8ab43);
  assert.equal(crc32c(Uint8Array.from({ length: 32 }, (_, i) => i)), 0x46dd794e);
  assert.equal(crc32c(Buffer.from('123456789')), 0xe3069283);
  assert.equal(crc32c(Buffer.from('x123456789y'), 1, 10), 0xe3069283);
});

// A repair packs what it writes, as LevelDB does by default.
for (const kind of ['as it was written', 'that was repaired']) {
  test(`a flip in any byte of a table ${kind} is found, and so is an end that is missing`, async () => {
    const directory = join(temporaryFolder(), 'log');
    const db = new ClassicLevel(directory, { compression: false });
    await db.batch(
      Array.from({ length: 1500 }, (_, i) => ({ type: 'put' as const, key: `event ${i}`, value: `${i} `.repeat(20) })),
    );
    if (kind === 'as it was written') await db.compactRange('', '~');
    await db.close();
    if (kind !== 'as it was written') await ClassicLevel.repair(directory);

    const [table = '', ...others] = readdirSync(directory).filter((name) => name.endsWith('.ldb'));
    assert.deepEqual(others, []);
    assert.deepEqual(damagedTables(directory), []);
    const file = join(directory, table);
    const whole = readFileSync(file);
    const packed = whole.length < 60_000;
    assert.equal(packed, kind === 'that was repaired', `${whole.length} bytes`);
    const step = Math.ceil(whole.length / 1000);
    // The index and the footer byte by byte: there a mistake is not only data.
    for (let at = 0; at < whole.length; at += at < whole.length - 600 ? step : 1) {
      const flipped = Buffer.from(whole);
      flipped[at] = (whole[at] as number) ^ (1 << (at % 8));
      writeFileSync(file, flipped);
      assert.deepEqual(damagedTables(directory), [table], `byte ${at} of ${whole.length}`);
    }
    writeFileSync(file, whole);
    for (const size of [whole.length - 1, whole.length - 48, 48, 47, 0]) {
      truncateSync(file, size);
      assert.deepEqual(damagedTables(directory), [table], `${size} of ${whole.length} bytes`);
    }
  });
}
