import assert from 'node:assert/strict';
import { test } from 'node:test';
import { identity } from '../../src/event/identity.ts';
import type { Grant } from '../../src/identity/grant.ts';
import { FORGETFUL, type Revocation, type RevocationKeeper, Revocations } from '../../src/identity/revocations.ts';

const NOW = 1_700_000_000_500;
const DAY = 86_400_000;

const grantOf = (parts: Partial<Grant>, id = '7'): Grant => ({ identity: identity({ id, authenticated: true }), ...parts });

function revocations(parts: { keeper?: RevocationKeeper; lifetime?: number; now?: () => number } = {}): Revocations {
  return new Revocations({ keeper: FORGETFUL, now: () => NOW, ...parts, lifetime: () => parts.lifetime ?? 31 * DAY });
}

test('by subject, all that was issued until then is refused, and what is issued later is not', async () => {
  const all = revocations();
  await all.add([{ what: 'subject', value: '7' }]);
  assert.throws(() => all.check(grantOf({ issuedAt: NOW - 1000 })), { code: 'invalid-credential', defect: 'revoked' });
  assert.equal(all.revokes(grantOf({ issuedAt: NOW - 500 })), true, 'tokens say seconds: one of the same second is from before');
  assert.equal(all.revokes(grantOf({})), true, 'of which nobody knows when it was issued');
  assert.equal(all.revokes(grantOf({ issuedAt: NOW + 5000 })), true, 'a clock that is ahead');
  assert.equal(all.revokes(grantOf({ issuedAt: NOW + 5500 })), false);
  assert.equal(all.revokes(grantOf({ subject: '7' }, 'mapped from another claim')), true);
  assert.equal(all.revokes(grantOf({}, '8')), false);
});

test('of two names of one subject, each counts with its own time', async () => {
  let time = NOW;
  const all = revocations({ now: () => time });
  await all.add([{ what: 'subject', value: 'auth0|7' }]);
  time += 60_000;
  const later = grantOf({ subject: 'auth0|7', issuedAt: time - 1000 });
  assert.equal(all.revokes(later), false);
  await all.add([{ what: 'subject', value: '7' }]);
  assert.equal(all.revokes(later), true);
});

test('by name or by text, one credential is refused and no other', async () => {
  const all = revocations();
  await all.add([
    { what: 'token', value: 'a' },
    { what: 'fingerprint', value: 'b' },
  ]);
  assert.equal(all.revokes(grantOf({ tokenId: 'a' })), true);
  assert.equal(all.revokes(grantOf({ fingerprint: 'b' })), true);
  assert.equal(all.revokes(grantOf({ tokenId: 'b', fingerprint: 'a', subject: 'a' })), false);
});

/** Keeps in a list, as a store would. */
function listKeeper(): RevocationKeeper & { kept: Revocation[] } {
  const keeper = {
    kept: [] as Revocation[],
    keep: async (added: readonly Revocation[]) => void keeper.kept.push(...added),
    forget: async (over: readonly Revocation[]) => {
      const gone = new Set(over);
      keeper.kept = keeper.kept.filter((each) => !gone.has(each));
    },
    recall: async () => keeper.kept,
  };
  return keeper;
}

test('what is kept counts after a restart, however long ago it was: a token may not say when it was issued', async () => {
  const keeper = listKeeper();
  let time = NOW;
  const now = () => time;
  await revocations({ keeper, now }).add([{ what: 'token', value: 'a' }]);
  time += 310 * DAY;
  const second = revocations({ keeper, now });
  await second.restore();
  assert.equal(second.revokes(grantOf({ tokenId: 'a' })), true);
});

test('they are bounded in number; one too many revokes nothing', async () => {
  const all = revocations();
  await all.add(Array.from({ length: 100_000 }, (_, i) => ({ what: 'token', value: String(i) })));
  await assert.rejects(all.reserve([{ what: 'token', value: 'one more' }]), { code: 'at-capacity' });
  await all.reserve([{ what: 'token', value: '7' }]);
  await all.add([{ what: 'token', value: '7' }]);
  // At once: whoever has begun to end streams could not take that back.
  assert.throws(() => all.add([{ what: 'token', value: 'one more' }]), { code: 'at-capacity' });
  assert.equal(all.revokes(grantOf({ tokenId: 'one more' })), false);
  assert.equal(all.revokes(grantOf({ tokenId: '99999' })), true);
});

test('when there are too many, those go that no credential can be left for', async () => {
  let time = NOW;
  const keeper = listKeeper();
  const all = revocations({ keeper, now: () => time });
  await all.add(Array.from({ length: 100_000 }, (_, i) => ({ what: 'token', value: String(i) })));
  time += 31 * DAY + 1;
  await all.reserve([{ what: 'token', value: 'one more' }]);
  await all.add([{ what: 'token', value: 'one more' }]);
  assert.deepEqual(
    keeper.kept.map(({ value }) => value),
    ['one more'],
  );
});

test('a revocation that cannot be kept counts all the same, until a restart', async () => {
  const failing = { ...FORGETFUL, keep: () => Promise.reject(new Error('full')) };
  const all = revocations({ keeper: failing });
  await assert.rejects(all.add([{ what: 'subject', value: '7' }]), { message: 'full' });
  assert.equal(all.revokes(grantOf({})), true);
});
