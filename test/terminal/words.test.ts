import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LineBudget } from '../../src/terminal/line-budget.ts';
import { LINE_LIMIT, LineSplitter } from '../../src/terminal/line-splitter.ts';
import { Status } from '../../src/terminal/status.ts';
import { counted, duration } from '../../src/terminal/words.ts';

test('durations are told in their two largest units', () => {
  assert.deepEqual([0, 300, 949, 951, 12_000, 59_600, 200_000, 3_600_000, 7_500_000, 187_200_000].map(duration), [
    '0.0 s',
    '0.3 s',
    '0.9 s',
    '1 s',
    '12 s',
    '1 min',
    '3 min 20 s',
    '1 h',
    '2 h 5 min',
    '2 d 4 h',
  ]);
});

test('one is singular, all else plural', () => {
  assert.deepEqual(
    [0, 1, 2].map((count) => counted(count, 'client')),
    ['0 clients', '1 client', '2 clients'],
  );
});

test('the rate is that of the last two seconds', () => {
  const status = new Status();
  const rate = (events: number, time: number) => status.text({ clients: 1, events }, time).split(' · ')[2];
  assert.equal(rate(100, 0), '0 events/s');
  assert.equal(rate(101, 250), '0.5 events/s');
  assert.equal(rate(101, 2000), '0.5 events/s');
  assert.equal(rate(101, 2300), '0 events/s');
  assert.equal(rate(501, 2500), '200 events/s');
  assert.equal(rate(501, 9000), '0 events/s');
  assert.equal(rate(502, 10), '0 events/s', 'a clock that was set back starts anew');
});

test('beyond a hundred lines a second lines are counted and not written', () => {
  let time = 0;
  const budget = new LineBudget(() => time);
  const written = Array.from({ length: 130 }, () => budget.take()).filter(Boolean).length;
  assert.equal(written, 100);
  assert.equal(budget.skipped(), 30);
  assert.equal(budget.skipped(), 0);
  time = 1000;
  assert.equal(budget.take(), true);
});

test('lines are the same however their text is cut into pieces', () => {
  const text = 'one\r\ntwo\n\nthree\nrest';
  for (let size = 1; size <= text.length; size++) {
    const splitter = new LineSplitter();
    const lines = [];
    for (let at = 0; at < text.length; at += size) lines.push(...splitter.push(text.slice(at, at + size)));
    assert.deepEqual(lines, ['one', 'two', '', 'three']);
    assert.deepEqual(splitter.push('\n'), ['rest']);
  }
});

test('a line of 1 MiB is taken, a longer one is lost and the next is taken again', () => {
  const splitter = new LineSplitter();
  assert.equal(splitter.push(`${'x'.repeat(LINE_LIMIT)}\n`)[0]?.length, LINE_LIMIT);
  for (let i = 0; i < 20; i++) assert.deepEqual(splitter.push('x'.repeat(100_000)), []);
  assert.deepEqual(splitter.push('x\nnext\n'), [undefined, 'next']);
});
