import { SseError } from '../errors.ts';
import { type Audience, everyone } from '../event/audience.ts';
import { compileFilter } from '../event/filter.ts';
import type { Hub } from '../hub/hub.ts';
import { didYouMean } from '../nearest.ts';
import { identityView } from './client-view.ts';
import type { Handler } from './exchange.ts';
import { readJsonObject } from './json-body.ts';
import { sendJson } from './respond.ts';

/** So many of those that match are named. */
const NAMED = 20;
const EXAMPLE = '{"filter":"profile == \\"Administrator\\""}';

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
export function checkFilter(hub: Hub): Handler {
  return async (exchange) => {
    const { filter, ...others } = (await readJsonObject(exchange, EXAMPLE)) as Record<string, unknown>;
    for (const field of Object.keys(others))
      throw SseError.of('invalid-request', [{ pointer: `/${field}`, detail: `unknown field${didYouMean(field, ['filter'])}` }]);
    if (filter !== undefined && typeof filter !== 'string' && (typeof filter !== 'object' || filter === null))
      throw SseError.of('invalid-filter', [
        { pointer: '/filter', detail: 'must be a CEL expression or an object of equalities' },
      ]);
    sendJson(exchange.res, 200, await checkAudience(hub, filter === undefined ? everyone : { filter: compileFilter(filter) }));
  };
}
