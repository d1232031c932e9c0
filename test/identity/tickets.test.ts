import assert from 'node:assert/strict';
import { test } from 'node:test';
import { identity } from '../../src/event/identity.ts';
import type { Grant } from '../../src/identity/grant.ts';
import { Tickets } from '../../src/identity/tickets.ts';

const grant: Grant = { identity: identity({ id: '7', authenticated: true }) };
/** A stream that has sent `x-1`. */
const stream = (leave: () => void = () => assert.fail('nobody else comes')) => ({ hasSent: (id: string) => id === 'x-1', leave });
const refused = (defect: string) => ({ code: 'invalid-credential', defect });

/** Tickets, and the clocks that a test turns. */
function tickets(): { tickets: Tickets; clock: { time: number; wall: number } } {
  const clock = { time: 0, wall: 1_700_000_000_000 };
  return { tickets: new Tickets({ now: () => clock.wall + clock.time, elapsed: () => clock.time }), clock };
}

test('a ticket opens its stream, and opens it again after that has ended', () => {
  const { tickets: all, clock } = tickets();
  const ticket = all.issue(grant);
  assert.match(ticket, /^[\w-]{43}$/);
  for (let round = 0; round < 3; round++) {
    const use = all.take(ticket, round > 0 ? 'x-1' : undefined);
    assert.equal(use.grant, grant);
    use.opened(stream());
    clock.time += 3_600_000;
    use.release();
  }
});

test('a second stream at the same time is refused, also while the first is only being opened', () => {
  const { tickets: all } = tickets();
  const ticket = all.issue(grant);
  const use = all.take(ticket);
  assert.throws(() => all.take(ticket), refused('ticket'));
  assert.throws(() => all.take(ticket, 'x-1'), refused('ticket'));
  use.opened(stream());
  assert.throws(() => all.take(ticket), refused('ticket'));
  use.release();
  all.take(ticket).release();
});

test('a client that comes back before its end was noticed takes the place of itself', () => {
  const { tickets: all } = tickets();
  const ticket = all.issue(grant);
  const former = all.take(ticket);
  let left = 0;
  former.opened(stream(() => void left++));
  for (const made of ['', 'x-2', 'made up']) assert.throws(() => all.take(ticket, made), refused('ticket'));
  all.take(ticket, 'x-1').release();
  assert.equal(left, 0, 'one that never opens takes no place');
  const use = all.take(ticket, 'x-1');
  use.opened(stream());
  assert.equal(left, 1);
  former.release();
  assert.throws(() => all.take(ticket), refused('ticket'), 'the end of the former one, which comes late, frees nothing');
  use.release();
});

test('a ticket that was not used in time opens nothing, and an attempt that failed does not prolong it', () => {
  const { tickets: all, clock } = tickets();
  const [one, other] = [all.issue(grant), all.issue(grant)];
  clock.time = 29_999;
  all.take(one).release();
  clock.time = 30_000;
  for (const ticket of [one, other]) assert.throws(() => all.take(ticket), refused('ticket'));
});

test('a ticket ends with its credential, whatever the wall clock does, and with that of a renewal', () => {
  const { tickets: all, clock } = tickets();
  const ticket = all.issue({ ...grant, expiresAt: clock.wall + 60_000 });
  const use = all.take(ticket);
  use.opened(stream());
  use.renew({ ...grant, expiresAt: clock.wall + 120_000 });
  use.release();
  clock.time = 119_999;
  clock.wall += 86_400_000;
  all.take(ticket, 'x-1').release();
  clock.time = 120_000;
  assert.throws(() => all.take(ticket, 'x-1'), refused('expired'));
});

test('what is no ticket opens nothing', () => {
  const { tickets: all } = tickets();
  all.issue(grant);
  for (const ticket of ['', 'x', '__proto__', 'A'.repeat(43)]) assert.throws(() => all.take(ticket), refused('ticket'));
});

test('tickets are bounded in number, and those that open nothing any more make room', () => {
  const { tickets: all, clock } = tickets();
  const of = (person: number): Grant => ({ identity: identity({ id: String(person), authenticated: true }) });
  for (let i = 0; i < 100_000; i++) all.issue(of(i));
  assert.throws(() => all.issue(of(-1)), { code: 'at-capacity' });
  clock.time = 30_000;
  all.issue(of(-1));
});

test('one person has a few at a time: the eldest that carries no stream gives way', () => {
  const { tickets: all } = tickets();
  const eldest = all.issue(grant);
  const used = all.take(eldest);
  used.opened(stream());
  const second = all.issue(grant);
  for (let i = 0; i < 31; i++) all.issue(grant);
  assert.throws(() => all.take(second), refused('ticket'));
  used.release();
  all.take(eldest, 'x-1').release();
});

test('what one credential proves is kept once', () => {
  const { tickets: all } = tickets();
  const proves = () => ({ ...grant, fingerprint: 'a' });
  const [one, other] = [all.issue(proves()), all.issue(proves())];
  assert.equal(all.take(one).grant, all.take(other).grant);
});
