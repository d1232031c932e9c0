import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Recent } from '../../src/event/recent.ts';

function counting(most: number) {
  const recent = new Recent<{ text: string }>(most);
  const made: string[] = [];
  const get = (text: string) =>
    recent.get(text, () => {
      made.push(text);
      return { text };
    });
  return { get, made };
}

test('what was made of a text is there the next time', () => {
  const { get, made } = counting(100);
  assert.equal(get('a'), get('a'));
  assert.deepEqual(made, ['a']);
});

test('those go that nobody has asked for in the longest time, when there is too much text', () => {
  const { get, made } = counting(10);
  for (const text of ['aaaa', 'bbbb', 'aaaa', 'cccc', 'aaaa', 'bbbb']) get(text);
  assert.deepEqual(made, ['aaaa', 'bbbb', 'cccc', 'bbbb']);
  get('x'.repeat(11));
  get('aaaa');
  assert.deepEqual(made.slice(4), ['x'.repeat(11), 'aaaa']);
});

test('what cannot be made is tried again', () => {
  const recent = new Recent<string>(10);
  const fail = () => {
    throw new Error('no');
  };
  assert.throws(() => recent.get('a', fail));
  assert.equal(
    recent.get('a', () => 'made'),
    'made',
  );
});
