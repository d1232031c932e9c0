import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { formatDuration, formatSize, parseDuration, parseSize } from '../../src/units.ts';

describe('A duration', () => {
  it('is a whole number with one of five units, in ms', () => {
    assert.deepEqual(['500ms', '3s', '10m', '2h', '7d', '0'].map(parseDuration), [500, 3000, 600_000, 7_200_000, 604_800_000, 0]);
  });

  it('is nothing else', () => {
    for (const text of ['', '15', '1.5h', '-1s', '1h30m', '1 s', '1S', 's', '1e3s', '٣s', '1s\n'])
      assert.equal(parseDuration(text), undefined, JSON.stringify(text));
  });

  it('is written in the largest unit that needs no fraction', () => {
    assert.deepEqual([0, 1, 1500, 90_000, 3_600_000, 172_800_000].map(formatDuration), [
      '0s',
      '1ms',
      '1500ms',
      '90s',
      '1h',
      '2d',
    ]);
  });

  it('comes back as it went out', () => {
    fc.assert(fc.property(fc.nat(), (ms) => parseDuration(formatDuration(ms)) === ms));
  });
});

describe('A size', () => {
  it('is a whole number of bytes or of 1024-based units, in either case', () => {
    assert.deepEqual(['100', '100b', '64kb', '8MB', '1gb'].map(parseSize), [100, 100, 65_536, 8_388_608, 1_073_741_824]);
  });

  it('is nothing else', () => {
    for (const text of ['', 'kb', '1.5mb', '-1', '1k', '1kib', '1 mb']) assert.equal(parseSize(text), undefined, text);
  });

  it('is written in the largest unit that needs no fraction', () => {
    assert.deepEqual([0, 1000, 65_536, 1_572_864].map(formatSize), ['0b', '1000b', '64kb', '1536kb']);
  });

  it('comes back as it went out', () => {
    fc.assert(fc.property(fc.nat(), (bytes) => parseSize(formatSize(bytes)) === bytes));
  });
});
