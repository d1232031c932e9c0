import { type Audience, everyone } from '../event/audience.ts';
import { compileFilter } from '../event/filter.ts';
import type { Sizes } from '../event/sizes.ts';
import type { Hub } from '../hub/hub.ts';
import { identityView } from './client-view.ts';
import type { Handler } from './exchange.ts';
import { CHECK_FILTER, readOrder } from './orders.ts';
import { sendJson } from './respond.ts';

/** So many of those that match are named. */
const NAMED = 20;

/** Whom an audience has among those who are connected now. */
export interface AudienceCheck {
  readonly matched: number;
  /** How many are connected. */
  readonly total: number;
  /** The first of those that match. */
  readonly first: readonly object[];
}

/** Looks whom an audience has, and publishes nothing. */
export async function checkAudience(hub: Hub, audience: Audience): Promise<AudienceCheck> {
  const found = await hub.find(audience);
  const first = Array.from([...found].slice(0, NAMED), ({ client }) => identityView(client));
  return { matched: found.size, total: hub.size, first };
}

/** `POST /admin/filter/check`: says whom a filter has, or what is wrong with it and where. Nothing is published. */
export function checkFilter(hub: Hub, sizes: Sizes): Handler {
  return async (exchange) => {
    const { filter } = await readOrder(exchange, CHECK_FILTER);
    const audience = filter === undefined ? everyone : { filter: compileFilter(filter, undefined, sizes) };
    sendJson(exchange.res, 200, await checkAudience(hub, audience));
  };
}
