import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { SseError } from '../../src/errors.ts';
import { parseJson } from '../../src/json.ts';

function mistake(json: string): string {
  try {
    parseJson(json, 'config.json');
    return '';
  } catch (error) {
    assert.ok(error instanceof SseError);
    assert.equal(error.issues[0]?.pointer, 'config.json');
    return error.issues[0]?.detail ?? '';
  }
}

describe('JSON of a person', () => {
  it('may begin with a byte order mark', () => {
    assert.deepEqual(parseJson('\uFEFF{"port": 1}', 'config.json'), { port: 1 });
  });

  const cases: [json: string, detail: string][] = [
    ['', 'is not JSON at line 1, column 1; it ends too early'],
    ['{"a": 1,\n  // no\n}', 'is not JSON at line 2, column 3; JSON has no comments'],
    ['{"a": 1,\n}', 'is not JSON at line 2, column 1; there is a comma too many before it'],
    ['{"a": [1,]}', 'is not JSON at line 1, column 10; there is a comma too many before it'],
    ["{'a': 1}", 'is not JSON at line 1, column 2; text stands in double quotes'],
    ['{"a": {"b": [1, 2], "c": {}}', 'is not JSON at line 1, column 29; it ends too early'],
    ['{"a": 1 "b": 2}', 'is not JSON at line 1, column 9'],
    ['{"a" 1}', 'is not JSON at line 1, column 6'],
    ['{a: 1}', 'is not JSON at line 1, column 2'],
    ['{"a": 1}}', 'is not JSON at line 1, column 9'],
    ['[[], tru]', 'is not JSON at line 1, column 6'],
    ['{"a": "x\ny"}', 'is not JSON at line 1, column 7'],
    ['{"a": "\\q"}', 'is not JSON at line 1, column 7'],
  ];
  for (const [json, detail] of cases)
    it(`${JSON.stringify(json)} says where it is wrong`, () => assert.equal(mistake(json), detail));

  it('is not quoted in the message: it may be a secret', () => {
    assert.doesNotMatch(mistake('{"token": hunter2}'), /hunter2/);
  });

  it('is found however long a text in it is, and however much of that is escaped', () => {
    assert.equal(mistake(`["${'\\n'.repeat(5_000_000)}" x]`), 'is not JSON at line 1, column 10000005');
  });

  it('is found wrong where Node finds it wrong, or where that word begins', () => {
    const damaged = fc
      .tuple(fc.json(), fc.nat(), fc.constantFrom('', ',', '}', ']', '{', '[', ':', 'x', '1', '"', ' '))
      .map(([json, at, put]) => `${json.slice(0, at % (json.length + 1))}${put}${json.slice((at % (json.length + 1)) + 1)}`);
    fc.assert(
      fc.property(damaged, (json) => {
        let position: number | undefined;
        try {
          JSON.parse(json);
          return assert.equal(mistake(json), '');
        } catch (error) {
          const [, digits] = /position (\d+)/.exec((error as Error).message) ?? [];
          position = digits === undefined ? undefined : Number(digits);
        }
        const [, column] = /at line 1, column (\d+)/.exec(mistake(json)) ?? [];
        const found = Number(column) - 1;
        assert.ok(found >= 0 && found <= json.length);
        if (position !== undefined && found !== position) {
          assert.ok(found < position);
          assert.match(json[found] ?? '', /["a-zA-Z0-9.+-]/);
        }
      }),
      { numRuns: 500 },
    );
  });
});
