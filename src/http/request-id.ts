import { type IncomingMessage, type OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { randomHex } from '../random.ts';

/** The field that carries it, in requests of a trusted proxy and in every answer. */
export const REQUEST_ID = 'x-request-id';

/** What nobody has to escape: not in a header, nor in JSON, a terminal, or a search. As long as what proxies make (a UUID has 36). */
const HARMLESS = /^[A-Za-z0-9._~-]{1,64}$/;

/** A new one: nobody else's, not even after a restart, and nobody can tell the next from it. */
export function newRequestId(): string {
  return randomHex(8);
}

/**
 * What names each request in its answer and in the log. A proxy that is trusted may have given it a name; anybody else's
 * counts for nothing, since two requests of one name, or one of somebody else's, would lead whoever looks astray.
 *
 * @param isProxy whether a request comes straight from a trusted proxy
 */
export function requestIdOf(isProxy: (req: IncomingMessage) => boolean): (req: IncomingMessage) => string {
  return (req) => {
    const given = req.headers[REQUEST_ID];
    return typeof given === 'string' && HARMLESS.test(given) && isProxy(req) ? given : newRequestId();
  };
}

/**
 * A response that says which request it answers, whoever writes it. Not by `setHeader`: Node would then keep all headers
 * beside their text for as long as an event stream is open.
 */
export class NamedResponse<Request extends IncomingMessage = IncomingMessage> extends ServerResponse<Request> {
  /** Set by whoever has the request; else, where Node answers by itself, one is made. */
  requestId = '';

  override writeHead(status: number, ...rest: (string | OutgoingHttpHeaders | unknown[] | undefined)[]): this {
    this.requestId ||= newRequestId();
    const last = rest.at(-1);
    const headers = typeof last === 'object' && !Array.isArray(last) ? last : {};
    return super.writeHead(status, { ...headers, [REQUEST_ID]: this.requestId });
  }
}
