import type { App } from '../app.ts';
import { parseOptions } from '../config/parse.ts';
import { typeProblem } from '../event/draft.ts';
import { compileFilter } from '../event/filter.ts';
import type { Cursor } from '../hub/cursor.ts';
import type { ClientStanding, Control } from '../terminal/control.ts';
import { openInBrowser } from './open-in-browser.ts';

interface ControlParts {
  readonly app: App;
  readonly logLevel: Control['logLevel'];
  /** The banner and the page. Asked for once the server listens. */
  readonly urls: () => string;
  readonly page: () => string;
  readonly process: Pick<NodeJS.Process, 'env' | 'platform' | 'kill'>;
  readonly stop: Control['stop'];
}

/** The program as a terminal may steer it; what admin does over HTTP is done by the same hub here. */
export function controlOf({ app, logLevel, urls, page, process, stop }: ControlParts): Control {
  const { hub } = app;
  return {
    send: (draft) => app.publish(draft, 'terminal'),
    find: async (text) => {
      const filter = compileFilter(text, undefined, app.options);
      const found = await hub.find({ filter });
      return {
        clients: new Set(Array.from(found, ({ client }) => client.client.id)),
        admits: (client) => filter.matches(client),
      };
    },
    clients: () => app.clients(),
    client: (id) => {
      const cursor = hub.get(id);
      return cursor && standing(app, cursor);
    },
    kick: (id, how) => {
      const cursor = hub.get(id);
      if (cursor) hub.kick(cursor, how);
      return cursor !== undefined;
    },
    events: (count) => hub.archive.select({}, hub.archive.fromEnd(count)),
    stats: () => ({ clients: hub.size, events: hub.events }),
    logLevel,
    // They may be others after a reload.
    get defaults() {
      const { event, data, keyFilter, tick } = app.options;
      return { event, data, keyFilter, tick };
    },
    reload: () => app.reload('terminal'),
    typeProblem: (type) => typeProblem(type, app.options),
    paceOf: (text) => parseOptions({ tick: text }, () => 'tick').tick,
    urls,
    open: async () => ({ url: page(), opened: await openInBrowser(page(), process) }),
    stop,
    suspend: () => void process.kill(0, 'SIGTSTP'),
  };
}

function standing({ hub }: App, cursor: Cursor): ClientStanding {
  const { client, since, events, bytes, place: state, missed } = cursor;
  return { client, since, events, bytes, state, missed, ...hub.standOf(cursor) };
}
