import { SseError } from '../errors.ts';
import type { Hub } from '../hub/hub.ts';
import type { Totals } from '../hub/tally.ts';
import type { LogLevel } from '../log-levels.ts';
import type { Handler } from './exchange.ts';
import { LOG_LEVEL, readOrder } from './orders.ts';
import { sendJson } from './respond.ts';

/** What a program that runs the server lets admin see and change of it. */
export interface Running {
  /** Every option with its value and where that came from; what is secret is hidden. */
  readonly config: object;
  /** Undefined where there is no log of its own, as in a library. */
  readonly logLevel: { get(): string; set(level: LogLevel): void } | undefined;
}

interface StatsParts {
  readonly totals: () => Totals;
  readonly limits: () => object;
  /** In ms. */
  readonly uptime: () => number;
}

/** `GET /admin/stats`: how things stand, the limits, and counters since the start. */
export function showStats(hub: Hub, { totals, limits, uptime }: StatsParts): Handler {
  return ({ res }) => {
    const { events, history, durability, accepts } = hub;
    sendJson(res, 200, {
      uptime: Math.round(uptime() / 1000),
      clients: { total: hub.size, ...hub.places },
      events,
      history,
      durability,
      accepts,
      limits: limits(),
      totals: totals(),
    });
  };
}

/** `GET /admin/config`: every option, its value and where it came from. */
export function showConfig({ config }: Running): Handler {
  return ({ res }) => sendJson(res, 200, config);
}

/** `PATCH /admin/log-level`: what is logged from now on, until the restart. */
export function setLogLevel({ logLevel }: Running): Handler {
  return async (exchange) => {
    const { level } = await readOrder(exchange, LOG_LEVEL);
    if (!logLevel) throw new SseError('not-found', 'this server runs in another program and has no log of its own');
    logLevel.set(level);
    sendJson(exchange.res, 200, { level: logLevel.get() });
  };
}
