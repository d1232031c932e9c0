import assert from 'node:assert/strict';
import { test } from 'node:test';
import { anonymous } from '../../src/event/identity.ts';
import { DEFAULT_SIZES } from '../../src/event/sizes.ts';
import { askedTopics, grantedTopics } from '../../src/http/topics.ts';

const grant = (topics?: string[], subscribes?: string[]) => ({
  identity: anonymous,
  ...(topics && { topics }),
  ...(subscribes && { subscribes }),
});

test('any topic may be subscribed to while topics are open', () => {
  assert.deepEqual(grantedTopics(['a', 'b'], grant(), 'open'), ['a', 'b']);
  assert.deepEqual(grantedTopics(['a'], grant(['b']), 'open'), ['a']);
});

test('with a right needed, topics are those of the credential: as they are, or what begins so', () => {
  const granted = ['a', 'orders/*', 'news/eu/*'];
  assert.deepEqual(grantedTopics(['a', 'orders/7', 'orders/7/items', 'news/eu/x'], grant(granted), 'claim'), [
    'a',
    'orders/7',
    'orders/7/items',
    'news/eu/x',
  ]);
  for (const topic of ['b', 'A', 'orders', 'orders/', 'ordersx', 'news/us/x', 'a/b', '*', 'orders/../a'.replace('orders/', '')])
    assert.throws(
      () => grantedTopics(['a', topic], grant(granted), 'claim'),
      (error: Error) => (error as { code?: string }).code === 'forbidden' && error.message.includes(JSON.stringify(topic)),
      topic,
    );
  assert.throws(() => grantedTopics(['a'], grant(), 'claim'), { code: 'forbidden' });
  assert.deepEqual(grantedTopics([], grant(), 'claim'), []);
});

test('what a credential brings with it is subscribed to besides, once, within the limit', () => {
  assert.deepEqual(grantedTopics(['a', 'b'], grant(undefined, ['b', 'c']), 'open'), ['a', 'b', 'c']);
  const many = Array.from({ length: 64 }, (_, i) => String(i));
  assert.throws(() => grantedTopics(many, grant(undefined, ['c']), 'open'), { code: 'invalid-request' });
});

test('topics are asked for one by one', () => {
  assert.deepEqual(askedTopics(new URLSearchParams('topic=a&topic=b,c'), DEFAULT_SIZES), ['a', 'b,c']);
  assert.throws(() => askedTopics(new URLSearchParams('topics=a'), DEFAULT_SIZES), {
    message: "?topics: is called 'topic' here, once for each",
  });
});
