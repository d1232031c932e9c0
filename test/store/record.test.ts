import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseDraft } from '../../src/event/draft.ts';
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

test('what was stored while larger sizes held is read whatever holds now', () => {
  const long = 'x'.repeat(1024);
  const sizes = { filterLimit: 16_384, topicLimit: 1024, idLimit: 64, typeLimit: 1024 };
  const input = { data: 'x', event: long, topics: [long], supersedes: long, filter: `name == "${'y'.repeat(10_000)}"` };
  const { event, audience, replay } = parseDraft(input, undefined, sizes);
  const read = decodeRecord(1, encodeRecord({ id: 'e-1', sequence: 1, time: 1, event, audience, ...(replay && { replay }) }));
  assert.deepEqual([read?.event.type, read?.audience.topics, read?.replay?.supersedes], [long, [long], long]);
  assert.equal(read?.audience.match, undefined);
  assert.equal(read?.audience.filter?.matches(client({ name: 'y'.repeat(10_000) })), true);
  assert.equal(read?.audience.filter?.matches(client({ name: 'z' })), false);
});

test('an object of equalities is read back, though as CEL it is longer than a filter may be', () => {
  const filter = { roles: Array.from({ length: 60 }, (_, index) => `${index}`.padStart(13, 'x')) };
  assert(JSON.stringify(filter).length <= 1024);
  const { event, audience } = parseDraft({ data: 'x', filter });
  assert((audience.filter?.source.length ?? 0) > 1024);
  const read = decodeRecord(1, encodeRecord({ id: 'e-1', sequence: 1, time: 1, event, audience }));
  assert.equal(read?.audience.filter?.source, audience.filter?.source);
});
