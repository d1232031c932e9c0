import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { seconds } from '../support/jwt.ts';
import { TokenMaker } from '../support/tokens.ts';
import { openStream } from './reader.ts';

describe('a stream', () => {
  it('is told when its token is about to end, and ends within a second after', async (t) => {
    const maker = new TokenMaker();
    const program = await maker.start(t, ['--expiry-notice', '2s']);
    const exp = seconds(4);
    const stream = await openStream(t, program.sse, maker.bearer({ sub: '7', exp }));
    const notice = await stream.until('it is told', () => stream.control('sse.auth')[0]);
    const left = exp * 1000 - Date.now();
    assert(left <= 2000 && left > 500, `told ${left} ms before the end`);
    assert((notice.expiresIn as number) <= 2);
    await stream.ended;
    const late = Date.now() - exp * 1000;
    assert(late >= 0 && late < 1000, `ended ${late} ms after its token`);
    assert.deepEqual(stream.control('sse.bye'), [{ reason: 'expired' }]);
    assert.equal((await program.logged({ msg: 'stream closed' })).reason, 'expired');
    assert.equal((await fetch(program.sse, { headers: maker.bearer({ sub: '7', exp }) })).status, 401, 'and opens no other');
  });

  it('goes on with a renewed token, and is who that says from then on', async (t) => {
    const maker = new TokenMaker();
    const program = await maker.start(t, ['--expiry-notice', '1s', '--topics', 'claim']);
    const former = { sub: '7', profile: 'Administrator', topics: ['a'], exp: seconds(3) };
    const stream = await openStream(t, `${program.sse}?topic=a`, maker.bearer(former));
    const other = await openStream(t, program.sse, maker.bearer({ ...former, profile: 'Guest' }));
    const { client } = stream.control('sse.open')[0] as { client: string };
    const renew = (claims: object) =>
      fetch(`${program.sse}/renew?client=${client}`, { method: 'POST', headers: maker.bearer(claims) });
    const refused = await renew({ sub: '7', topics: ['b'] });
    assert.equal(refused.status, 403, 'it has lost a topic that it is subscribed to');
    assert.match(await refused.text(), /\\"a\\"/);
    const renewed = await renew({ sub: '7', profile: 'Member', topics: ['a'] });
    assert.equal(renewed.status, 200);
    const { expiresIn } = (await renewed.json()) as { expiresIn: number };
    assert(expiresIn > 3500 && expiresIn <= 3600);
    await program.publish({ data: 'to administrators', filter: { profile: 'Administrator' } });
    const { matched } = await program.publish({ data: 'to members', filter: { profile: 'Member' } });
    assert.equal(matched, 1);
    // One whose token ended when the former one of this did.
    await other.ended;
    await program.publish({ data: 'still here', topics: ['a'] });
    assert.deepEqual(
      (await stream.has(2)).map(({ data }) => data),
      ['to members', 'still here'],
    );
    assert.deepEqual(stream.control('sse.bye'), []);
    assert.deepEqual(stream.control('sse.auth'), []);
  });
});
