import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { type Program, temporaryFolder } from '../support/program.ts';
import { TokenMaker } from '../support/tokens.ts';
import { openStream, type Reader } from './reader.ts';

/** Three clients, and what each of them is to get. */
const WHO = {
  admin: { claims: { sub: '1', profile: 'Administrator', roles: ['ops'] }, query: 'topic=a' },
  member: { claims: { sub: '2', profile: 'Member' }, query: 'topic=a&topic=b' },
  nobody: { claims: undefined, query: 'topic=b' },
} as const;
type Who = keyof typeof WHO;

const EVENTS: readonly { draft: Record<string, unknown>; to: readonly Who[] }[] = [
  { draft: { data: 'everyone' }, to: ['admin', 'member', 'nobody'] },
  { draft: { data: 'by expression', filter: 'profile == "Administrator" && "ops" in roles' }, to: ['admin'] },
  { draft: { data: 'by object', filter: { profile: ['Administrator', 'Member'] } }, to: ['admin', 'member'] },
  { draft: { data: 'by login', filter: 'id == "2"' }, to: ['member'] },
  { draft: { data: 'by authentication', filter: '!authenticated' }, to: ['nobody'] },
  { draft: { data: 'topic a', topics: ['a'] }, to: ['admin', 'member'] },
  { draft: { data: 'topic b', topics: ['b'] }, to: ['member', 'nobody'] },
  { draft: { data: 'except', except: ['1'] }, to: ['member', 'nobody'] },
  { draft: { data: 'all of it', topics: ['a'], filter: { profile: 'Member' }, except: ['1'] }, to: ['member'] },
  { draft: { data: 'a missing claim', filter: 'claims.tenant == "x" || profile == "Member"' }, to: ['member'] },
];

const expected = (who: Who) => EVENTS.filter(({ to }) => to.includes(who)).map(({ draft }) => draft.data);

describe('events for some reach exactly them', () => {
  const open = (t: TestContext, program: Program, maker: TokenMaker, who: Who, query = ''): Promise<Reader> => {
    const { claims } = WHO[who];
    return openStream(t, `${program.sse}?${WHO[who].query}${query}`, claims ? maker.bearer(claims) : {});
  };
  const publishAll = async (program: Program) => {
    for (const { draft, to } of EVENTS) assert.equal((await program.publish(draft)).matched, to.length, String(draft.data));
  };

  it('live, on replay from memory, and from the disk after a restart', async (t) => {
    const maker = new TokenMaker();
    const store = join(temporaryFolder(), 'log');
    const first = await maker.start(t, ['--store', store]);
    const live = {
      admin: await open(t, first, maker, 'admin'),
      member: await open(t, first, maker, 'member'),
      nobody: await open(t, first, maker, 'nobody'),
    };
    await publishAll(first);
    for (const who of Object.keys(WHO) as Who[]) {
      await live[who].has(expected(who).length);
      assert.deepEqual(live[who].data, expected(who), `${who}, live`);
      const again = await open(t, first, maker, who, '&since=earliest&replay=only');
      await again.ended;
      assert.deepEqual(again.data, expected(who), `${who}, from memory`);
    }
    await first.stop();
    // The history holds one event: all others come from the disk.
    const second = await maker.start(t, ['--store', store, '--history-events', '1']);
    for (const who of Object.keys(WHO) as Who[]) {
      const again = await open(t, second, maker, who, '&since=earliest&replay=only');
      await again.ended;
      assert.deepEqual(again.data, expected(who), `${who}, from the disk`);
      assert.deepEqual(again.control('sse.gap'), []);
    }
  });

  it('not by who a client was when they were published, but by who it is when it comes back', async (t) => {
    const maker = new TokenMaker();
    const store = join(temporaryFolder(), 'log');
    for (const args of [[], ['--store', store, '--history-events', '1']]) {
      const program = await maker.start(t, args);
      const stream = await openStream(t, program.sse, maker.bearer({ sub: '1', profile: 'Administrator' }));
      const { id } = stream.all[0] as { id: string };
      stream.close();
      await program.publish({ data: 'secret', filter: { profile: 'Administrator' } });
      await program.publish({ data: 'for all' });
      await program.publish({ data: 'for members', filter: { profile: 'Member' } });
      const lost = await openStream(t, `${program.sse}?replay=only`, {
        'last-event-id': id,
        ...maker.bearer({ sub: '1', profile: 'Member' }),
      });
      await lost.ended;
      assert.deepEqual(lost.data, ['for all', 'for members']);
      assert(!lost.raw.includes('secret'));
      assert.deepEqual(lost.control('sse.gap'), []);
    }
  });
});
