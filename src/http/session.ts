import type { IncomingMessage } from 'node:http';
import { SseError } from '../errors.ts';
import { cookieOf } from './evidence.ts';
import type { Handler } from './exchange.ts';
import { sendJson } from './respond.ts';
import { SESSION_AGE, type Sessions } from './sessions.ts';

export interface SessionParts {
  readonly sessions: Sessions;
  /** Whether admin has a token: else there is nothing to sign in to. */
  readonly hasToken: () => boolean;
  /** Whether the browser speaks HTTPS to a proxy before us. */
  readonly isHttps: (req: IncomingMessage) => boolean;
}

/** The id of the session that a request's cookie names, if it has one. */
export function sessionOf(req: IncomingMessage): string | undefined {
  return cookieOf(req.headers.cookie, nameOf(req));
}

/** `GET /admin/session`: whether there is a token that somebody can sign in with. Whoever can ask is signed in, if so. */
export function showSession({ hasToken }: SessionParts): Handler {
  return ({ res }) => sendJson(res, 200, { hasToken: hasToken() });
}

/** `POST /admin/session`: trades the token, which the guard has seen in the `Authorization` header, for a cookie that no script can read. */
export function signIn(parts: SessionParts): Handler {
  return ({ req, res }) => {
    checkToken(parts);
    const age = Math.floor(SESSION_AGE / 1000);
    sendJson(res, 200, { expiresIn: age }, { 'set-cookie': cookie(req, parts, parts.sessions.open(), age) });
  };
}

/** `DELETE /admin/session`: ends it. */
export function signOut(parts: SessionParts): Handler {
  return ({ req, res }) => {
    checkToken(parts);
    const id = sessionOf(req);
    if (id !== undefined) parts.sessions.close(id);
    sendJson(res, 200, { ended: id === undefined ? 0 : 1 }, { 'set-cookie': cookie(req, parts, '', 0) });
  };
}

/** Who does not take the end of a stream within this time is cut, in ms. */
const END_TIME = 1000;

/** A stream of admin's, which ends with the session that opened it. The guard has let the request in. */
export function whileSignedIn({ sessions, hasToken }: SessionParts, stream: Handler): Handler {
  return (exchange) => {
    const { req, res } = exchange;
    // As the guard has it: a header that is shown counts alone.
    const id = hasToken() && req.headers.authorization === undefined ? sessionOf(req) : undefined;
    if (id !== undefined) {
      const letGo = sessions.hold(id, () => {
        res.end();
        setTimeout(() => !res.writableFinished && res.destroy(), END_TIME).unref();
      });
      res.once('close', letGo);
    }
    return stream(exchange);
  };
}

function checkToken({ hasToken }: SessionParts): void {
  if (!hasToken())
    throw new SseError('not-found', 'admin has no token here (--admin-token-file), so there is nothing to sign in to');
}

/** Cookies know no ports: two servers on one machine would sign each other out. */
function nameOf({ socket }: IncomingMessage): string {
  return socket.localPort === undefined ? 'sse_admin' : `sse_admin_${socket.localPort}`;
}

function cookie(req: IncomingMessage, { isHttps }: SessionParts, id: string, age: number): string {
  return `${nameOf(req)}=${id}; Path=/admin; Max-Age=${age}; HttpOnly; SameSite=Strict${isHttps(req) ? '; Secure' : ''}`;
}
