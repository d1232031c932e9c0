import { SseError } from '../errors.ts';
import type { Hub } from '../hub/hub.ts';
import { identityView } from './client-view.ts';
import type { Handler } from './exchange.ts';
import { parametersOf } from './parameters.ts';
import { sendJson } from './respond.ts';

/** So many clients are named; those who don't have the event come first. */
const MAX_NAMED = 1000;

/** `GET /admin/broadcasts/{id}`: how far an event has got; with `?clients=1`, with whom. */
export function showBroadcast(hub: Hub): Handler {
  return async (exchange) => {
    const fields = parametersOf(exchange, ['clients']);
    const { id = '' } = exchange.parameters;
    const sequence = hub.archive.sequenceOf(id);
    const delivery = sequence === undefined ? undefined : await hub.deliveries.of(sequence);
    if (!delivery || sequence === undefined)
      throw new SseError(
        'not-found',
        `there is no receipt for ${JSON.stringify(id)}: it is no event of this process, or no longer in the history`,
      );
    if (!isOn(fields.get('clients'))) return sendJson(exchange.res, 200, delivery);
    const recipients = (await hub.deliveries.recipients(sequence)) ?? [];
    const clients = recipients.slice(0, MAX_NAMED).map(({ client, state }) => ({ ...identityView(client), state }));
    sendJson(exchange.res, 200, { ...delivery, clients });
  };
}

function isOn(value: string | undefined): boolean {
  if (value === undefined || value === '0' || value === 'false') return false;
  if (value === '' || value === '1' || value === 'true') return true;
  throw SseError.of('invalid-request', [{ pointer: '?clients', detail: 'is 1 or left out' }]);
}
