import { createChannel, createSession } from 'better-sse';
import { type Order, servePeer } from './peer-server.ts';
import { HISTORY } from './peer-settings.ts';

/* better-sse as its guides have it: a channel that broadcasts, with a filter for some; a replay is one batch after `lastId`. */

const channel = createChannel<Record<string, unknown>, { login: string | null }>();
const past: { readonly id: string; readonly data: string }[] = [];
let last = 0;

servePeer({
  async stream(req, res, login) {
    const session = await createSession<{ login: string | null }>(req, res, { keepAlive: 15_000, state: { login } });
    const seen = past.findIndex(({ id }) => id === session.lastId);
    if (seen >= 0) {
      const missed = past.slice(seen + 1);
      await session.batch((buffer) => {
        for (const { id, data } of missed) buffer.push(data, 'message', id);
      });
    }
    channel.register(session);
  },
  publish({ data, to }: Order) {
    const eventId = String(++last);
    if (to !== undefined) return void channel.broadcast(data, 'message', { eventId, filter: ({ state }) => state.login === to });
    past.push({ id: eventId, data });
    if (past.length > HISTORY) past.shift();
    channel.broadcast(data, 'message', { eventId });
  },
});
