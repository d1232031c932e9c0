import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Ticker } from '../../src/terminal/ticker.ts';
import { eventually } from './fixtures.ts';

test('it ticks at once and at its pace, and no tick begins before the one before is done', async (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] });
  const done: (() => void)[] = [];
  const ticker = new Ticker({ send: () => new Promise<void>((resolve) => done.push(resolve)), failed: () => assert.fail() });
  ticker.start(100);
  assert.equal(ticker.pace, 100);
  t.mock.timers.tick(1000);
  assert.equal(done.length, 1, 'a store that is slow gets no heap of events');
  done[0]?.();
  await eventually(() => {
    t.mock.timers.tick(100);
    return done.length === 2;
  });
  ticker.stop();
  done[1]?.();
  t.mock.timers.tick(1000);
  assert.deepEqual([done.length, ticker.pace], [2, undefined]);
});

test('started again it goes on at the new pace alone', async (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] });
  let sent = 0;
  const ticker = new Ticker({
    send: async () => {
      sent++;
    },
    failed: () => assert.fail(),
  });
  ticker.start(100);
  await new Promise(setImmediate);
  ticker.start(1000);
  await new Promise(setImmediate);
  t.mock.timers.tick(900);
  assert.equal(sent, 2);
  ticker.stop();
});
