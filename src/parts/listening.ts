import type { Options } from '../config/options.ts';
import { cameByProxy, clientAddress } from '../http/address.ts';
import type { Bodies } from '../http/bodies.ts';
import type { Descriptors } from '../http/descriptors.ts';
import type { Handler } from '../http/exchange.ts';
import { type Listener, listen, type Where } from '../http/listen.ts';
import { requestIdOf } from '../http/request-id.ts';
import type { Handlers } from '../http/routes.ts';
import { httpServer } from '../http/server.ts';
import type { Observe } from '../hub/activity.ts';

/** Where a started server is to be found. */
export interface Addresses {
  /** Ends with a slash. */
  readonly url: string;
  readonly sse: string;
  /** Ends with a slash; `unix:PATH` for a socket. */
  readonly admin: string;
  /** The port of the public listener. */
  readonly port: number;
}

export interface ListeningParts {
  /** Those that count when they are asked for. */
  readonly options: () => Options;
  /** Whether strangers can reach the public port: admin then has a listener of its own. */
  readonly exposed: boolean;
  /** Whether the port was asked for: it is then not left for another one. */
  readonly portAsked: boolean;
  readonly handlers: Handlers;
  readonly bodies: Bodies;
  readonly observe: Observe;
  /** Of which public connections leave some. */
  readonly descriptors: Descriptors;
}

/** Listens wherever the options say. @throws SseError `address-in-use`, `start-failed`; nothing is left open then */
export async function listenFor({
  options,
  exposed,
  portAsked,
  handlers,
  bodies,
  observe,
  descriptors,
}: ListeningParts): Promise<{ readonly addresses: Addresses; readonly listeners: readonly Listener[] }> {
  const { host, port, adminListen, ssePath, trustProxy, headerLimit } = options();
  const separate = exposed || adminListen !== undefined;
  const makeWith = (handler: Handler) => () =>
    httpServer({
      handler,
      addressOf: clientAddress(trustProxy),
      requestIdOf: requestIdOf(cameByProxy(trustProxy)),
      bodies,
      observe,
      headerLimit,
      urlLimit: () => options().urlLimit,
    });

  const where: Where = { ...(host !== undefined && { host }), port, mayMove: !portAsked };
  const make = makeWith(separate ? handlers.public : handlers.sharedAdmin);
  const main = await listen(() => descriptors.guard(make()), where);
  const listeners = [main];
  let adminUrl: string | undefined;
  if (separate) {
    try {
      const place = adminListen ?? { port: port === 0 ? 0 : main.port + 1 };
      const admin = await listen(
        makeWith(handlers.ownAdmin),
        'path' in place ? place : { ...place, mayMove: adminListen === undefined },
      );
      listeners.push(admin);
      adminUrl = 'path' in place ? `unix:${place.path}` : urlOf(place.host, admin.port, 'admin/');
    } catch (error) {
      await main.close();
      throw error;
    }
  }
  const [path = '/sse'] = ssePath;
  const addresses = {
    url: urlOf(host, main.port, ''),
    sse: urlOf(host, main.port, path.slice(1)),
    admin: adminUrl ?? urlOf(host, main.port, 'admin/'),
    port: main.port,
  };
  return { addresses, listeners };
}

function urlOf(host: string | undefined, port: number, path: string): string {
  const any = host === undefined || host === '0.0.0.0' || host === '::';
  return `http://${any ? 'localhost' : host.includes(':') ? `[${host}]` : host}:${port}/${path}`;
}
