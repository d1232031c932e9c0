import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Filter } from '../../src/event/filter.ts';
import { decodeRecord, encodeRecord } from '../../src/store/record.ts';
import { client } from '../event/client.ts';

test('an event whose filter is none any more is for nobody, and no damage', () => {
  const filter = { source: 'matches(profile, "a")' } as Filter;
  const entry = { id: 'e-1', sequence: 1, time: 1, event: { type: 'message', data: 'x' }, audience: { filter } };
  for (let time = 0; time < 2; time++) {
    const read = decodeRecord(1, encodeRecord(entry));
    assert.equal(read?.audience.filter, undefined);
    assert.equal(read?.audience.match?.(client()), false);
  }
});
