import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { escapeJson, escapeLog, escapeText } from '../../src/terminal/escape.ts';
import { BREAKS, HOSTILE, LONE_SURROGATES } from '../support/hostile.ts';

test('plain text of any language is left as it is', () => {
  for (const text of ['Administrator', 'Zoë', '管理者', 'مدير', '👩‍👩‍👧', '']) assert.equal(escapeText(text), text);
});

test('whatever a terminal would obey becomes visible', () => {
  assert.equal(escapeText('\u001b]0;title\u0007'), '\\u{1b}]0;title\\u{7}');
  assert.equal(escapeText('a\r\nb\tc\0'), 'a\\u{d}\\u{a}b\\u{9}c\\u{0}');
  assert.equal(escapeText('\u009b31m'), '\\u{9b}31m');
  assert.equal(escapeText('\u202Egnp.exe\u2066\u200E\u061C'), '\\u{202e}gnp.exe\\u{2066}\\u{200e}\\u{61c}');
  assert.equal(escapeText('\u2028\u2029'), '\\u{2028}\\u{2029}');
  assert.equal(escapeText('\ud800x\udc00'), '\\u{d800}x\\u{dc00}');
});

test('long text is cut, and an escape is never cut in two', () => {
  assert.equal(escapeText('abcdef', 5), 'abcde…');
  assert.equal(escapeText('abcde', 5), 'abcde');
  assert.equal(escapeText('abc\u001b', 5), 'abc…');
  assert.equal(escapeText('👍👍👍', 2), '👍👍…');
});

test('nothing unsafe and nothing too long ever comes out, whatever goes in', () => {
  const unit = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.integer({ min: 0, max: 0xffff }).map((code) => String.fromCharCode(code)),
  );
  fc.assert(
    fc.property(fc.array(unit), fc.integer({ min: 1, max: 60 }), (parts, limit) => {
      const escaped = escapeText(parts.join(''), limit);
      assert.doesNotMatch(escaped, /[\p{Cc}\p{Cs}\u2028\u2029\u202A-\u202E\u2066-\u2069\u200E\u200F\u061C]/u);
      assert.ok([...escaped].length <= limit + 1);
    }),
  );
});

test('of the sequences in a log only colours pass', () => {
  assert.equal(escapeLog('\u001b[32mINFO\u001b[39m: a\tb\n'), '\u001b[32mINFO\u001b[39m: a\tb\n');
  assert.equal(escapeLog('\u001b[2J\u001b[1;1H\rx'), '\\u{1b}[2J\\u{1b}[1;1H\\u{d}x');
});

test('of the whole corpus nothing breaks a line, in text, in a log or in JSON', () => {
  for (const text of [...Object.values(HOSTILE), ...LONE_SURROGATES]) {
    assert.doesNotMatch(escapeText(text, 5000), BREAKS);
    const json = escapeJson(JSON.stringify({ text }));
    assert.deepEqual(JSON.parse(json), { text }, 'JSON keeps its value');
    assert.doesNotMatch(json.replace(/\p{M}/gu, ''), BREAKS);
  }
});

test('writing stays as it is, joiners and marks where they belong too', () => {
  for (const text of ['👩‍🚀', '🏳️‍🌈', '1️⃣', 'क्‍ष', 'می‌خواهم', 'שָׁלוֹם', 'ế', 'ཧྐྵྨླྺྼྻྂ'.slice(0, 6)]) assert.equal(escapeText(text), text);
});

test('what is not seen becomes visible: two names that differ never look alike', () => {
  assert.equal(escapeText('ad\u200Bmin'), 'ad\\u{200b}min');
  assert.equal(escapeText('admin\u200D'), 'admin\\u{200d}');
  assert.equal(escapeText('admin\u00AD\u2060\u3164'), 'admin\\u{ad}\\u{2060}\\u{3164}');
  assert.equal(escapeText('x\u{E0061}'), 'x\\u{e0061}');
});

test('more marks on one character than any language has do not tower over the lines around', () => {
  assert.equal(escapeText(`z${'\u0300'.repeat(10)}`), `z${'\u0300'.repeat(8)}\\u{300}\\u{300}`);
});
