import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Audience, admits } from '../../src/event/audience.ts';
import { parseDraft } from '../../src/event/draft.ts';
import { type Client, identity } from '../../src/event/identity.ts';
import type { Cursor } from '../../src/hub/cursor.ts';
import { Roster } from '../../src/hub/roster.ts';

/** As much of a cursor as a roster looks at. */
type Attached = { client: Client; attachedAt: number };

const roster = (): Roster => new Roster((error) => assert.fail(`${error}`));

function select(from: Roster, audience: Audience, head = 0): Set<Cursor> {
  for (const selection = from.select(audience, head); ; ) {
    const step = selection.next();
    if (step.done) return step.value;
  }
}

const few = fc.constantFrom('', 'a', 'b', 'c');
const client: fc.Arbitrary<Client> = fc
  .record({
    authenticated: fc.boolean(),
    id: few,
    login: few,
    profile: few,
    name: few,
    roles: fc.array(few, { maxLength: 3 }),
    topics: fc.array(fc.constantFrom('a', 'b', 'c'), { maxLength: 3 }),
    connection: fc.constantFrom('c1', 'c2', 'c3', 'c4', 'c5'),
  })
  .map(({ topics, connection, ...parts }) => ({
    ...identity(parts),
    topics,
    client: { id: connection, ip: '::1' },
  }));

const condition = fc.letrec<{ any: string }>((tie) => ({
  any: fc.oneof(
    {
      maxDepth: 3,
      weight: 2,
      arbitrary: fc
        .tuple(
          fc.constantFrom('id', 'login', 'profile', 'name', 'client.id'),
          fc.constantFrom('==', '!='),
          fc.constantFrom('"a"', '"b"', '""', '"c1"'),
        )
        .map((parts) => parts.join(' ')),
    },
    fc.tuple(fc.constantFrom('id', 'profile'), fc.constantFrom('["a", "b"]', '["", "c"]')).map((parts) => parts.join(' in ')),
    fc.tuple(fc.constantFrom('"a"', '"b"'), fc.constantFrom('roles', 'topics')).map((parts) => parts.join(' in ')),
    fc.constantFrom('roles.exists(r, r in ["a", "c"])', 'topics.exists(t, t == "b")', 'authenticated', '1 / size(roles) == 1'),
    fc
      .tuple(tie('any'), fc.constantFrom('&&', '||'), tie('any'))
      .map(([left, operator, right]) => `(${left} ${operator} ${right})`),
    tie('any').map((inner) => `!(${inner})`),
  ),
})).any;

const audience: fc.Arbitrary<Audience> = fc
  .record(
    {
      filter: fc.oneof(
        condition,
        fc.constant((one: Client) => one.profile !== 'a'),
      ),
      topics: fc.uniqueArray(fc.constantFrom('a', 'b', 'c'), { minLength: 1 }),
      except: fc.uniqueArray(fc.constantFrom('a', 'b', 'c1', 'c2'), { minLength: 1 }),
    },
    { requiredKeys: [] },
  )
  .map((input) => parseDraft({ data: '', ...input }).audience);

test('an audience finds exactly those whom it admits, whoever came, left, and became somebody else before', () => {
  const change = fc.tuple(fc.constantFrom('add', 'delete', 'renew'), fc.nat(), client);
  fc.assert(
    fc.property(fc.array(change, { maxLength: 40 }), fc.array(audience, { minLength: 1, maxLength: 5 }), (changes, audiences) => {
      const all = roster();
      const attached: Attached[] = [];
      for (const [what, at, who] of changes) {
        const cursor = attached[at % attached.length];
        if (what === 'add' || !cursor) {
          attached.push({ client: who, attachedAt: 0 });
          all.add(attached.at(-1) as Cursor);
          continue;
        }
        all.delete(cursor as Cursor);
        if (what === 'delete') attached.splice(attached.indexOf(cursor), 1);
        else {
          cursor.client = who;
          all.add(cursor as Cursor);
        }
      }
      for (const one of audiences)
        assert.deepEqual(new Set<unknown>(attached.filter((cursor) => admits(one, cursor.client, true))), select(all, one));
    }),
    { numRuns: 1500 },
  );
});

/** A roster of so many clients, each of which counts how often it was looked at. */
function crowd(size: number, who: (index: number) => Partial<Client>): { all: Roster; looks: () => number } {
  let looks = 0;
  const all = roster();
  for (let index = 0; index < size; index++) {
    const one: Client = { ...identity({}), topics: [], client: { id: `c${index}`, ip: '::1' }, ...who(index) };
    all.add({
      get client() {
        looks++;
        return one;
      },
      attachedAt: 0,
    } as Cursor);
  }
  looks = 0;
  return { all, looks: () => looks };
}

for (const [filter, most] of [
  ['login == "l7"', 10],
  ['login == "l7" && profile == "p"', 10],
  ['"r7" in roles && profile.startsWith("p")', 10],
  [{ id: ['i7', 'nobody'] }, 10],
  [{ client: { id: 'c7' } }, 10],
  ['login.endsWith("l7")', Infinity],
] as const) {
  test(`${most < Infinity ? 'visits only those who may be meant' : 'visits everyone'}: ${JSON.stringify(filter)}`, () => {
    const who = (index: number) => ({ id: `i${index}`, login: `l${index}`, profile: 'p', roles: [`r${index}`] });
    const { all, looks } = crowd(1000, who);
    assert.equal(select(all, parseDraft({ data: '', filter }).audience).size, 1);
    if (most < Infinity) assert(looks() <= most, `${looks()} looks`);
    else assert(looks() >= 1000, `${looks()} looks`);
  });
}

test('who attaches while those are sought whom an event is for is not among them', () => {
  const all = roster();
  const attach = (attachedAt: number): void => {
    const client: Client = { ...identity({ profile: 'p' }), topics: [], client: { id: `${Math.random()}`, ip: '' } };
    const cursor: Attached = { client, attachedAt };
    all.add(cursor as Cursor);
  };
  for (let index = 0; index < 1000; index++) attach(4);
  for (const filter of ['profile == "p"', 'profile.startsWith("p")']) {
    const selection = all.select(parseDraft({ data: '', filter }).audience, 4);
    assert.equal(selection.next().done, false, 'other work may run');
    for (let index = 0; index < 10; index++) attach(5);
    let step = selection.next();
    while (!step.done) step = selection.next();
    assert.equal(step.value.size, 1000);
  }
});

test('nothing is left of those who have gone', () => {
  const all = roster();
  const cursors = Array.from(
    { length: 50 },
    (_, index): Attached => ({
      client: { ...identity({ id: `${index % 7}`, roles: ['r', 'r'] }), topics: ['t'], client: { id: `${index}`, ip: '' } },
      attachedAt: 0,
    }),
  );
  for (const cursor of cursors) all.add(cursor as Cursor);
  for (const cursor of cursors) all.delete(cursor as Cursor);
  for (const input of [{}, { filter: { id: '1' } }, { filter: { roles: 'r' } }, { topics: 't' }])
    assert.equal(select(all, parseDraft({ data: '', ...input }).audience).size, 0);
});
