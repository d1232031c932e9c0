import { SseError } from '../errors.ts';
import { compileFilter, type Filter } from '../event/filter.ts';
import type { Sizes } from '../event/sizes.ts';
import type { Observe } from '../hub/activity.ts';
import type { Cursor } from '../hub/cursor.ts';
import type { Hub } from '../hub/hub.ts';
import type { Grant } from '../identity/grant.ts';
import type { Revocation, Revocations } from '../identity/revocations.ts';
import type { Handler } from './exchange.ts';
import type { OpenStreams } from './open-streams.ts';
import { REVOKE, type RevokeOrder, readOrder } from './orders.ts';
import { sendJson } from './respond.ts';

export interface RevokeOptions {
  readonly hub: Hub;
  readonly openStreams: OpenStreams;
  readonly revocations: Revocations;
  readonly sizes: Sizes;
  readonly observe: Observe;
}

/** After so many clients, other work may run. */
const STEP = 256;

/** Which streams are to end, and which credentials are not to open one again. */
interface Target {
  readonly what: 'sub' | 'jti' | 'filter';
  readonly value: string;
  /** What is refused whoever is connected. */
  readonly revocations: readonly Omit<Revocation, 'time'>[];
  matches(cursor: Cursor, grant: Grant | undefined): boolean;
}

/**
 * `POST /admin/revoke`: takes credentials back. Their streams end at once, and they open no other until they end by themselves.
 * By `sub`, all that were issued to somebody until now; by `jti`, one; by `filter`, those that the matching clients came with.
 */
export function revoke({ hub, openStreams, revocations, sizes, observe }: RevokeOptions): Handler {
  return async (exchange) => {
    const target = targetOf(await readOrder(exchange, REVOKE), sizes);
    const matching: Cursor[] = [];
    const grants: Grant[] = [];
    let serial = 0;
    const look = (cursor: Cursor): void => {
      serial = Math.max(serial, cursor.serial);
      const stream = openStreams.get(cursor.client.client.id);
      if (!target.matches(cursor, stream?.grant)) return;
      matching.push(cursor);
      if (stream && target.what === 'filter') grants.push(stream.grant, ...stream.former);
    };
    let asked = 0;
    for (const cursor of [...hub.clients()]) {
      look(cursor);
      if (++asked % STEP === 0) await new Promise((resume) => setImmediate(resume));
    }
    const credentials = () => [...target.revocations, ...credentialsOf(grants)];
    await revocations.reserve(credentials());
    // Those who came while others were looked at; in one step with what follows. One that is being opened is refused when it gets there.
    for (const cursor of [...hub.clients()]) if (cursor.serial > serial) look(cursor);
    const revoked = credentials();
    const kept = revocations.add(revoked);
    const ending = new Set(matching);
    for (const { cursor, grant } of openStreams.all()) if (revocations.revokes(grant)) ending.add(cursor);
    for (const cursor of ending) cursor.end('revoked');
    const { what, value } = target;
    observe({ kind: 'revoked', what, value, credentials: revoked.length, ended: ending.size, requestId: exchange.requestId });
    await kept;
    sendJson(exchange.res, 200, { revoked: revoked.length, ended: ending.size });
  };
}

/** @throws SseError `invalid-request`, `invalid-filter` */
function targetOf(order: RevokeOrder, sizes: Sizes): Target {
  const given = REVOKE.fields.filter((field) => Object.hasOwn(order, field));
  if (given.length !== 1)
    throw SseError.of('invalid-request', [
      {
        pointer: given[1] === undefined ? '' : `/${given[1]}`,
        detail: `exactly one of ${REVOKE.fields.join(', ')} says what is revoked`,
      },
    ]);
  const { sub, jti, filter } = order;
  if (sub !== undefined)
    return {
      what: 'sub',
      value: sub,
      revocations: [{ what: 'subject', value: sub }],
      matches: (_cursor, grant) => grant !== undefined && (grant.subject === sub || grant.identity.id === sub),
    };
  if (jti !== undefined)
    return {
      what: 'jti',
      value: jti,
      revocations: [{ what: 'token', value: jti }],
      matches: (_cursor, grant) => grant?.tokenId === jti,
    };
  const compiled: Filter = compileFilter(filter ?? '', undefined, sizes);
  return { what: 'filter', value: compiled.source, revocations: [], matches: ({ client }) => compiled.matches(client) };
}

/** What credentials are refused by: each by its own name, else by its text. */
function credentialsOf(grants: readonly Grant[]): readonly Omit<Revocation, 'time'>[] {
  const found = new Map<string, Omit<Revocation, 'time'>>();
  for (const { tokenId, fingerprint } of grants) {
    if (tokenId !== undefined) found.set(`token:${tokenId}`, { what: 'token', value: tokenId });
    else if (fingerprint !== undefined) found.set(`fingerprint:${fingerprint}`, { what: 'fingerprint', value: fingerprint });
  }
  return [...found.values()];
}
