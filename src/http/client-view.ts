import type { Client } from '../event/identity.ts';
import type { Cursor } from '../hub/cursor.ts';
import type { Hub } from '../hub/hub.ts';

/** Who a client is, as JSON. Not its claims: they may be anything, and are its own business. */
export function identityView({ client, authenticated, id, login, name, mail, profile, roles, topics }: Client): object {
  return { client: client.id, ip: client.ip, authenticated, id, login, name, mail, profile, roles, topics };
}

/** A client and where it stands, as JSON. */
export function clientView(hub: Hub, cursor: Cursor): object {
  const { client, since, missed, events, bytes, place } = cursor;
  return {
    ...identityView(client),
    since: new Date(since).toISOString(),
    /** `live`, `ready` and `reading` while it catches up, `blocked` while it takes nothing. */
    state: place,
    ...hub.standOf(cursor),
    /** Entries of the past that it came back for. */
    missed,
    events,
    bytes,
  };
}
