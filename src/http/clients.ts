import { SseError } from '../errors.ts';
import { everyone } from '../event/audience.ts';
import { compileFilter } from '../event/filter.ts';
import type { Sizes } from '../event/sizes.ts';
import type { Cursor } from '../hub/cursor.ts';
import type { Hub } from '../hub/hub.ts';
import { clientView } from './client-view.ts';
import type { Exchange, Handler } from './exchange.ts';
import { DISCONNECT, readOrder } from './orders.ts';
import { numberIn, parametersOf } from './parameters.ts';
import { sendJson } from './respond.ts';

const DEFAULT_LIMIT = 100;
const MAX_LIMIT = 1000;

/** `GET /admin/clients`: those who are connected, in the order in which they came, a page of them. */
export function listClients(hub: Hub, sizes: Sizes): Handler {
  return async (exchange) => {
    const fields = parametersOf(exchange, ['filter', 'limit', 'cursor']);
    const limit = numberIn(fields, 'limit', { min: 1, max: MAX_LIMIT }) ?? DEFAULT_LIMIT;
    const after = numberIn(fields, 'cursor', { min: 0, max: Number.MAX_SAFE_INTEGER }) ?? 0;
    const filter = fields.get('filter');
    const found = await hub.find(filter === undefined ? everyone : { filter: compileFilter(filter, '?filter', sizes) });
    // Whoever has renewed its credential was put in anew; the number that it got when it came is its place.
    const rest = [...found].filter(({ serial }) => serial > after).sort((a, b) => a.serial - b.serial);
    const page = rest.slice(0, limit);
    const next = rest.length > limit ? String(page.at(-1)?.serial) : null;
    sendJson(exchange.res, 200, {
      clients: page.map((cursor) => clientView(hub, cursor)),
      matched: found.size,
      total: hub.size,
      next,
    });
  };
}

/** `GET /admin/clients/{id}`: one of them, with its claims. */
export function showClient(hub: Hub): Handler {
  return (exchange) => {
    const cursor = clientOf(hub, exchange);
    sendJson(exchange.res, 200, { ...clientView(hub, cursor), claims: cursor.client.claims });
  };
}

/** `DELETE /admin/clients/{id}`: ends a stream. Its client comes back, if it is one that does. */
export function kickClient(hub: Hub): Handler {
  return (exchange) => {
    clientOf(hub, exchange).end('kicked');
    sendJson(exchange.res, 200, { disconnected: 1 });
  };
}

/** `POST /admin/clients/disconnect`: ends the streams that a filter selects; with `forever`, their clients are asked not to come back. */
export function disconnectClients(hub: Hub, sizes: Sizes): Handler {
  return async (exchange) => {
    const { filter, reason, forever = false } = await readOrder(exchange, DISCONNECT);
    const found = await hub.find({ filter: compileFilter(filter, undefined, sizes) });
    for (const cursor of found) hub.kick(cursor, { ...(reason !== undefined && { detail: reason }), forever });
    sendJson(exchange.res, 200, { disconnected: found.size });
  };
}

/** @throws SseError `not-found` */
export function clientOf(hub: Hub, { parameters }: Exchange): Cursor {
  const cursor = hub.get(parameters.id ?? '');
  if (cursor) return cursor;
  throw new SseError(
    'not-found',
    `no client ${JSON.stringify(parameters.id)} is connected; GET /admin/clients lists those who are`,
  );
}
