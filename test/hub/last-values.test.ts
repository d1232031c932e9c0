import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseDraft } from '../../src/event/draft.ts';
import { identity } from '../../src/event/identity.ts';
import { LastValues } from '../../src/hub/last-values.ts';

const entry = (sequence: number, input: object) => ({ sequence, ...parseDraft({ data: 'x', ...input }) });

test('keys leave with the last of their entries that can be replayed', () => {
  const values = new LastValues();
  for (let i = 1; i <= 1000; i++) values.add(entry(i, { supersedes: `key ${i}` }), Math.max(1, i - 9), i % 2 === 0);
  assert.equal(values.size, 10);
});

test('a key costs one place for each audience, however the audience came to be', () => {
  const values = new LastValues();
  let sequence = 0;
  for (let round = 0; round < 100; round++)
    for (const audience of [
      {},
      { filter: 'id == "7"' },
      { topics: 'a' },
      { topics: ['a'] },
      { except: '7' },
      { filter: () => true },
    ])
      values.add(entry(++sequence, { supersedes: 'key', ...audience }), 1, false);
  assert.equal(values.size, 4, 'one topic is a list of one, and a function supersedes nothing');
});

test('a redacted entry supersedes nothing, and its key leaves with the last of them', () => {
  const values = new LastValues();
  for (const sequence of [1, 2, 3]) values.add(entry(sequence, { supersedes: 'key' }), 1, true);
  const asking = { client: { ...identity({}), topics: [], client: { id: 'c', ip: '' } }, attachedAt: 3 };
  const isWithheld = (sequence: number) => {
    const { event: _event, ...rest } = entry(sequence, { supersedes: 'key' });
    const asked = { ...rest, id: `e-${sequence}`, time: 0, bytes: new Uint8Array(), weight: 0 };
    return values.withholds(asked, asking, 0).next().value;
  };
  assert.deepEqual([1, 2, 3].map(isWithheld), [true, true, false]);
  values.redact([3, 4]);
  assert.deepEqual([1, 2].map(isWithheld), [true, false]);
  values.redact([1, 2]);
  assert.equal(values.size, 0);
});

test('beyond a hundred thousand the oldest are forgotten', () => {
  const values = new LastValues();
  for (let i = 1; i <= 100_010; i++) values.add(entry(i, { supersedes: String(i) }), 1, false);
  assert.equal(values.size, 100_000);
});
