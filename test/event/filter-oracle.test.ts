import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Environment } from '@marcbachmann/cel-js';
import fc from 'fast-check';
import { SseError } from '../../src/errors.ts';
import { compileFilter, type Filter } from '../../src/event/filter.ts';
import type { Client } from '../../src/event/identity.ts';
import { client } from './client.ts';

/*
 * The CEL library interprets expressions; here it is what the compiled ones are held against. Left out is where it
 * departs from CEL: whole numbers that are no decimals, keys of maps that are no texts, and claims that are called
 * `constructor` or `toString` like what it asks of them.
 */

const oracle = new Environment({ unlistedVariablesAreDyn: false });
for (const name of ['id', 'login', 'name', 'mail', 'profile']) oracle.registerVariable(name, 'string');
oracle.registerVariable('authenticated', 'bool');
oracle.registerVariable('claims', 'map<string, dyn>');
for (const name of ['roles', 'topics']) oracle.registerVariable(name, 'list<string>');
oracle.registerVariable({ name: 'client', schema: { id: 'string', ip: 'string' } });

/** What CEL says: undefined if it cannot be decided. */
function verdict(source: string): (one: Client) => boolean {
  const expression = oracle.parse(source);
  assert(expression.check().valid, source);
  return (one) => {
    try {
      return expression(one as never) === true;
    } catch {
      return false;
    }
  };
}

const WORDS = ['', 'a', 'c', 'ac', 'ops', 'Ops ', '7', '-3', '1.5', 'true', 'é', '👍a'];
const word = fc.constantFrom(...WORDS);
const json = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 2 },
    fc.constantFrom<unknown>(...WORDS.slice(1), 0, 1, 7, 1.5, -3, 2 ** 53, true, false, null),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.array(fc.constantFrom(...WORDS.slice(1)), { maxLength: 4 }),
    fc.dictionary(fc.constantFrom('a', 'c', 'ac', '__proto__'), tie('value'), { maxKeys: 3, noNullPrototype: true }),
  ),
})).value;

const someone: fc.Arbitrary<Client> = fc
  .record({
    authenticated: fc.boolean(),
    id: word,
    login: word,
    name: word,
    profile: word,
    roles: fc.array(word, { maxLength: 4 }),
    topics: fc.array(fc.constantFrom('a', 'c', 'ac', 'ops'), { maxLength: 4 }),
    claims: fc.dictionary(fc.constantFrom('a', 'c', 'ac', 'toString'), json, { maxKeys: 4 }),
  })
  .map((parts) => client(parts));

type Grammar = Record<'bool' | 'text' | 'int' | 'texts' | 'any' | 'anyList', string>;

/** Well-typed expressions, with an item of a macro or without. */
const grammar = (item: string | undefined): fc.LetrecValue<Grammar> =>
  fc.letrec<Grammar>((tie) => {
    const join = (...parts: (string | fc.Arbitrary<string>)[]): fc.Arbitrary<string> =>
      fc.tuple(...parts.map((part) => (typeof part === 'string' ? fc.constant(part) : part))).map((texts) => texts.join(''));
    const [bool, text, int, texts, any, anyList] = (['bool', 'text', 'int', 'texts', 'any', 'anyList'] as const).map((name) =>
      tie(name),
    ) as [
      fc.Arbitrary<string>,
      fc.Arbitrary<string>,
      fc.Arbitrary<string>,
      fc.Arbitrary<string>,
      fc.Arbitrary<string>,
      fc.Arbitrary<string>,
    ];
    const quoted = word.map((value) => JSON.stringify(value));
    const items = item === undefined ? [] : [fc.constant(item), fc.constant(item)];
    const depth = { maxDepth: 3, depthSize: 'small', withCrossShrink: true } as const;
    const loop = (list: fc.Arbitrary<string>, names: string[], body: fc.Arbitrary<string>) =>
      item === undefined ? [join(list, '.', fc.constantFrom(...names), '(x, ', body, ')')] : [];
    const inner = item === undefined ? grammar('x') : undefined;
    return {
      bool: fc.oneof(
        depth,
        fc.constantFrom('authenticated', 'true', 'false', 'has(claims.a)', 'has(claims.a.c)', 'has(claims.ac.a.c)', 'claims.a'),
        join('(', bool, fc.constantFrom(' && ', ' || ', ' == ', ' != '), bool, ')'),
        join('(', bool, fc.constantFrom(' && ', ' || '), bool, ')'),
        join('!(', bool, ')'),
        join('(', text, fc.constantFrom(' == ', ' != ', ' < ', ' <= ', ' > ', ' >= '), text, ')'),
        join('(', int, fc.constantFrom(' == ', ' != ', ' < ', ' <= ', ' > ', ' >= '), int, ')'),
        join(
          '(',
          any,
          fc.constantFrom(' == ', ' != ', ' < ', ' <= ', ' > ', ' >= '),
          fc.oneof(any, text, int, bool, fc.constantFrom('1.5', 'null', '7.0')),
          ')',
        ),
        join('(', fc.oneof(text, int, fc.constantFrom('null', '1.5')), fc.constantFrom(' == ', ' != ', ' < '), any, ')'),
        join(text, fc.constantFrom('.contains(', '.startsWith(', '.endsWith('), fc.oneof(text, any), ')'),
        join(any, fc.constantFrom('.contains(', '.startsWith(', '.endsWith('), text, ')'),
        join('(', text, ' in ', texts, ')'),
        join('(', text, ' in ', anyList, ')'),
        join('(', any, ' in ', texts, ')'),
        join('(', text, ' in ', any, ')'),
        join('bool(', fc.oneof(text, any), ')'),
        join('(', bool, ' ? ', bool, ' : ', bool, ')'),
        join('(', texts, fc.constantFrom(' == ', ' != '), texts, ')'),
        join('(', any, fc.constantFrom(' == ', ' != '), texts, ')'),
        ...loop(texts, ['exists', 'all', 'exists_one'], inner?.bool ?? bool),
        ...loop(anyList, ['exists', 'all', 'exists_one'], inner?.bool ?? bool),
      ),
      text: fc.oneof(
        depth,
        ...items,
        fc.constantFrom('id', 'login', 'name', 'mail', 'profile', 'client.id', 'roles[0]', 'topics[1]'),
        quoted,
        join('(', text, ' + ', text, ')'),
        join(text, fc.constantFrom('.lowerAscii()', '.upperAscii()', '.trim()')),
        join(text, '.substring(', int, ')'),
        join(text, '.substring(', int, ', ', int, ')'),
        join('string(', fc.oneof(text, int, bool, any, fc.constantFrom('1.5', '2.0')), ')'),
        join('(', bool, ' ? ', text, ' : ', text, ')'),
      ),
      int: fc.oneof(
        depth,
        fc.constantFrom('0', '1', '2', '7', '-3', '9223372036854775807'),
        join('size(', fc.oneof(text, texts, any), ')'),
        join('(', int, fc.constantFrom(' + ', ' - ', ' * ', ' / ', ' % '), int, ')'),
        join('int("0" + ', text, ')'),
        join('int(', fc.oneof(any, fc.constantFrom('1.9', '-1.9')), ')'),
        join(text, '.indexOf(', text, ')'),
        join(text, '.indexOf(', text, ', ', int, ')'),
        join('-(', int, ')'),
      ),
      texts: fc.oneof(
        depth,
        fc.constantFrom('roles', 'topics', '["a", "ops"]'),
        join('[', text, ', ', quoted, ']'),
        ...loop(texts, ['filter'], inner?.bool ?? bool),
        ...loop(texts, ['map'], inner?.text ?? text),
      ),
      any: fc.oneof(
        depth,
        fc.constantFrom(
          'claims.a',
          'claims["c"]',
          'claims.ac.a',
          'claims.a[0]',
          'claims.c[1]',
          'claims.gone',
          'claims.__proto__',
          'claims.a.toString',
          'dyn(client.id)',
          'dyn(1)',
        ),
        join('claims[', text, ']'),
        join('double(', fc.oneof(any, int), ')'),
        join('-(', any, ')'),
        join('(', any, fc.constantFrom(' - ', ' * ', ' / '), any, ')'),
      ),
      anyList: fc.oneof(depth, fc.constantFrom('claims.a', 'claims.c', 'claims.ac'), texts),
    };
  });

test('a compiled filter says what CEL says of it, for whatever filter and whatever client', () => {
  let [accepted, matched] = [0, 0];
  fc.assert(
    fc.property(grammar(undefined).bool, fc.array(someone, { minLength: 3, maxLength: 6 }), (source, clients) => {
      let filter: Filter;
      try {
        filter = compileFilter(source);
      } catch (error) {
        assert(error instanceof SseError);
        return;
      }
      accepted++;
      const says = verdict(source);
      for (const one of clients) {
        const expected = says(one);
        if (expected) matched++;
        assert.equal(filter.matches(one), expected, source);
      }
    }),
    { numRuns: Number(process.env.RUNS ?? 6000) },
  );
  assert(accepted > 500 && matched > 200, `too few to tell: ${accepted} accepted, ${matched} matched`);
});
