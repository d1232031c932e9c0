import { SseError } from '../errors.ts';
import type { Exchange } from './exchange.ts';
import type { Limits } from './limits.ts';
import { networkOf } from './network.ts';

export interface ConnectRateOptions {
  readonly limits: Limits;
  /** A clock that only goes forward, in ms. */
  readonly elapsed: () => number;
}

/**
 * Counts one who asks for a stream, or for a ticket or a renewal, of which one goes with each stream. First of all that costs anything:
 * nobody has been asked yet who this is.
 * @throws SseError `connect-rate`
 */
export function checkConnectRate(exchange: Exchange, what: 'streams' | 'tickets', { limits, elapsed }: ConnectRateOptions): void {
  const { connectRate } = limits.values;
  if (exchange.ip === '' || connectRate === 0) return;
  const wait = limits[what].take(networkOf(exchange.ip), 1, connectRate, elapsed());
  if (wait === 0) return;
  exchange.headers['retry-after'] = String(Math.ceil(wait / 1000));
  throw new SseError('connect-rate', `your address asks for more than ${connectRate} ${what} a second; see --connect-rate`);
}
