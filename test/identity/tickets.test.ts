import assert from 'node:assert/strict';
import { test } from 'node:test';
import { identity } from '../../src/event/identity.ts';
import type { Grant } from '../../src/identity/grant.ts';
import { Tickets } from '../../src/identity/tickets.ts';

const grant: Grant = { identity: identity({ id: '7', authenticated: true }) };
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
    const use = all.take(ticket, round > 0);
    assert.equal(use.grant, grant);
    use.opened(() => assert.fail('nobody else comes'));
    clock.time += 3_600_000;
    use.release();
  }
});

test('a second stream at the same time is refused, also while the first is only being opened', () => {
  const { tickets: all } = tickets();
  const ticket = all.issue(grant);
  const use = all.take(ticket, false);
  assert.throws(() => all.take(ticket, false), refused('ticket'));
  assert.throws(() => all.take(ticket, true), refused('ticket'));
  use.opened(() => {});
  assert.throws(() => all.take(ticket, false), refused('ticket'));
  use.release();
  all.take(ticket, false).release();
});

test('a client that comes back before its end was noticed takes the place of itself', () => {
  const { tickets: all } = tickets();
  const ticket = all.issue(grant);
  const former = all.take(ticket, false);
  let left = 0;
  former.opened(() => void left++);
  const use = all.take(ticket, true);
  assert.equal(left, 1);
  former.release();
  assert.throws(() => all.take(ticket, false), refused('ticket'), 'the end of the former one, which comes late, frees nothing');
  use.release();
});

test('a ticket that was not used in time opens nothing, and an attempt that failed does not prolong it', () => {
  const { tickets: all, clock } = tickets();
  const [one, other] = [all.issue(grant), all.issue(grant)];
  clock.time = 29_999;
  all.take(one, false).release();
  clock.time = 30_000;
  for (const ticket of [one, other]) assert.throws(() => all.take(ticket, false), refused('ticket'));
});

test('a ticket ends with its credential, whatever the wall clock does, and with that of a renewal', () => {
  const { tickets: all, clock } = tickets();
  const ticket = all.issue({ ...grant, expiresAt: clock.wall + 60_000 });
  const use = all.take(ticket, false);
  use.opened(() => {});
  use.renew({ ...grant, expiresAt: clock.wall + 120_000 });
  use.release();
  clock.time = 119_999;
  clock.wall += 86_400_000;
  all.take(ticket, true).release();
  clock.time = 120_000;
  assert.throws(() => all.take(ticket, true), refused('expired'));
});

test('what is no ticket opens nothing', () => {
  const { tickets: all } = tickets();
  all.issue(grant);
  for (const ticket of ['', 'x', '__proto__', 'A'.repeat(43)]) assert.throws(() => all.take(ticket, false), refused('ticket'));
});

test('tickets are bounded in number, and those that open nothing any more make room', () => {
  const { tickets: all, clock } = tickets();
  for (let i = 0; i < 100_000; i++) all.issue(grant);
  assert.throws(() => all.issue(grant), { code: 'at-capacity' });
  clock.time = 30_000;
  all.issue(grant);
});
