import { z } from 'zod';
import { SseError } from '../errors.ts';
import type { Hub } from '../hub/hub.ts';
import type { Totals } from '../hub/tally.ts';
import type { Handler } from './exchange.ts';
import { readJsonObject } from './json-body.ts';
import { sendJson } from './respond.ts';
import { readable } from './schema.ts';

/** What a program that runs the server lets admin see and change of it. */
export interface Running {
  /** Every option with its value and where that came from; what is secret is hidden. */
  readonly config: object;
  /** Undefined where there is no log of its own, as in a library. */
  readonly logLevel: { get(): string; set(level: LogLevel): void } | undefined;
}

const LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
export type LogLevel = (typeof LEVELS)[number];

/** `GET /admin/stats`: how things stand, and counters since the start. @param uptime in ms */
export function showStats(hub: Hub, totals: () => Totals, uptime: () => number): Handler {
  return ({ res }) => {
    const { events, history, durability, accepts } = hub;
    sendJson(res, 200, {
      uptime: Math.round(uptime() / 1000),
      clients: { total: hub.size, ...hub.places },
      events,
      history,
      durability,
      accepts,
      totals: totals(),
    });
  };
}

/** `GET /admin/config`: every option, its value and where it came from. */
export function showConfig({ config }: Running): Handler {
  return ({ res }) => sendJson(res, 200, config);
}

const order = z.strictObject({ level: z.enum(LEVELS, `must be ${LEVELS.slice(0, -1).join(', ')} or ${LEVELS.at(-1)}`) });

/** `PATCH /admin/log-level`: what is logged from now on, until the restart. */
export function setLogLevel({ logLevel }: Running): Handler {
  return async (exchange) => {
    const result = order.safeParse(await readJsonObject(exchange, '{"level":"debug"}'));
    if (!result.success) throw SseError.of('invalid-request', readable(result.error.issues, Object.keys(order.shape)));
    if (!logLevel) throw new SseError('not-found', 'this server runs in another program and has no log of its own');
    logLevel.set(result.data.level);
    sendJson(exchange.res, 200, { level: logLevel.get() });
  };
}
