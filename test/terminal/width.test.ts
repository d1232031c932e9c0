import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cutToWidth, padToWidth, textWidth } from '../../src/terminal/width.ts';

test('wide characters and emoji count two columns, marks and joiners none', () => {
  const widths: [string, number][] = [
    ['hello', 5],
    ['2 clients · é', 13],
    ['e\u0301', 1],
    ['管理者', 6],
    ['한글', 4],
    ['ｶﾀｶﾅ', 4],
    ['（全）', 6],
    ['👍🏽', 2],
    ['👩‍👩‍👧', 2],
    ['🇫🇷', 2],
    ['❤️', 2],
    ['\u200b', 0],
    ['\u001b[31mred\u001b[39m', 3],
  ];
  for (const [text, width] of widths) assert.equal(textWidth(text), width, JSON.stringify(text));
});

test('cut text fits, and a wide character is never halved', () => {
  assert.equal(cutToWidth('hello', 5), 'hello');
  assert.equal(cutToWidth('hello', 4), 'hel…');
  assert.equal(cutToWidth('管理者', 5), '管理…');
  assert.equal(cutToWidth('管理者', 4), '管…');
  assert.equal(cutToWidth('👩‍👩‍👧👩‍👩‍👧', 3), '👩‍👩‍👧…');
  assert.equal(cutToWidth('hello', 0), '');
  assert.equal(padToWidth('管', 4), '管  ');
});
