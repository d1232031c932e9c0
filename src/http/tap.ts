import type { Hub } from '../hub/hub.ts';
import { clientOf } from './clients.ts';
import { STREAM_HEADERS } from './event-stream.ts';
import type { Handler } from './exchange.ts';

/** Whoever lets more than this pile up is cut, in bytes: what it looks at must not wait for it. */
const MAX_BEHIND = 1024 * 1024;

/** `GET /admin/clients/{id}/tap`: what one client is sent from now on, byte for byte, until its stream ends. */
export function tapClient(hub: Hub): Handler {
  return (exchange) => {
    const cursor = clientOf(hub, exchange);
    const { res, headers } = exchange;
    res.setTimeout(0);
    res.writeHead(200, { ...STREAM_HEADERS, connection: 'keep-alive', ...headers });
    res.flushHeaders();
    const untap = cursor.tap({
      write: (bytes) => {
        // It may have been ended and not yet be closed.
        if (res.writableEnded) return;
        res.write(bytes);
        if (res.writableLength > MAX_BEHIND) res.destroy();
      },
      end: () => void res.end(),
    });
    res.once('close', untap);
  };
}

/** Ends all that look on: by what they were let in counts no more. */
export function endTaps(hub: Hub): void {
  for (const cursor of hub.clients()) for (const tap of cursor.taps ?? []) tap.end();
}
