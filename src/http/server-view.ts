import { SseError } from '../errors.ts';
import type { OptionChange, ReloadSource } from '../hub/activity.ts';
import type { Hub } from '../hub/hub.ts';
import type { Totals } from '../hub/tally.ts';
import type { LogLevel } from '../log-levels.ts';
import type { Handler } from './exchange.ts';
import { LOG_LEVEL, readOrder } from './orders.ts';
import { sendJson } from './respond.ts';

/** What came of a reload. */
export interface Reloaded {
  readonly changed: readonly OptionChange[];
  readonly needsRestart: readonly OptionChange[];
  readonly renewed: number;
  readonly ended: number;
  /** What is legal but should not stay. */
  readonly warnings: readonly string[];
}

/** How the configuration stands. */
export interface ConfigState {
  /** When it was read and found good, in ms since 1970. */
  readonly loadedAt: number;
  /** Whether the last attempt to read it anew came to something; true before the first. */
  readonly lastReloadSuccessful: boolean;
  /** Options whose values, as they were last read, wait for a restart. */
  readonly needsRestart: readonly string[];
}

/** What a program that runs the server lets admin see and change of it. */
export interface Running {
  /** Every option with its value and where that came from; what is secret is hidden. */
  readonly config: () => object;
  readonly state: () => ConfigState;
  /** Reads the configuration anew. @throws SseError `invalid-config`, and nothing has changed; `stopping`, `not-found` */
  readonly reload: (source: ReloadSource) => Promise<Reloaded>;
  readonly logLevel: LogLevelControl | undefined;
}

/** Of a server whose options were given by the program that it runs in, which alone could give others. */
export function fixedConfig(config: object): Pick<Running, 'config' | 'state' | 'reload'> {
  const loadedAt = Date.now();
  return {
    config: () => config,
    state: () => ({ loadedAt, lastReloadSuccessful: true, needsRestart: [] }),
    reload: async () => {
      throw new SseError('not-found', 'this server runs in another program, which has given it its options');
    },
  };
}

/** Of a server that has a log of its own; in a library there is none. */
export interface LogLevelControl {
  get(): string;
  set(level: LogLevel): void;
}

interface StatsParts {
  readonly running: Running;
  readonly totals: () => Totals;
  readonly limits: () => object;
  /** In ms. */
  readonly uptime: () => number;
}

/** `GET /admin/stats`: how things stand, the limits, and counters since the start. */
export function showStats(hub: Hub, { running, totals, limits, uptime }: StatsParts): Handler {
  return ({ res }) => {
    const { events, history, durability, accepts } = hub;
    const { loadedAt, ...state } = running.state();
    sendJson(res, 200, {
      uptime: Math.round(uptime() / 1000),
      clients: { total: hub.size, ...hub.places },
      events,
      history,
      durability,
      accepts,
      config: { loadedAt: new Date(loadedAt).toISOString(), ...state },
      limits: limits(),
      totals: totals(),
    });
  };
}

/** `GET /admin/config`: every option, its value and where it came from, and what waits for a restart. */
export function showConfig({ config }: Running): Handler {
  return ({ res }) => sendJson(res, 200, config());
}

/** `POST /admin/config/reload`: reads the configuration anew, and says what has changed and what needs a restart. */
export function reloadConfig({ reload }: Running): Handler {
  return async ({ res }) => sendJson(res, 200, await reload('http'));
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
