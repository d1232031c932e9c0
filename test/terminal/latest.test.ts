import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Latest } from '../../src/terminal/latest.ts';
import { eventually } from './fixtures.ts';

test('of the questions that come while one is answered only the last is asked', async () => {
  const asked: string[] = [];
  const told: [string, string][] = [];
  const answers = new Map<string, (answer: string) => void>();
  const latest = new Latest(
    (question: string) => {
      asked.push(question);
      return new Promise<string>((resolve) => answers.set(question, resolve));
    },
    (answer, question) => told.push([question, answer]),
  );
  for (const question of ['a', 'ab', 'abc']) latest.ask(question);
  assert.deepEqual(asked, ['a']);
  answers.get('a')?.('1');
  await eventually(() => asked.length === 2);
  assert.deepEqual(asked, ['a', 'abc']);
  answers.get('abc')?.('2');
  await eventually(() => told.length === 2);
  assert.deepEqual(told, [
    ['a', '1'],
    ['abc', '2'],
  ]);
  latest.ask('d');
  assert.equal(asked.at(-1), 'd');
});
