import type { Handler } from './exchange.ts';
import { sendText } from './respond.ts';

/** One of the things that must be well for a server to take clients and events. */
export interface Check {
  readonly name: string;
  /** How it stands, in a few words. */
  readonly state: string;
  /** Why nothing is taken; undefined while it is well. */
  readonly fault: string | undefined;
}

/** `GET /livez`: whoever answers is alive. */
export const livez: Handler = ({ res }) => sendText(res, 200, 'ok\n');

/** `GET /readyz`: whether new clients and events are taken, and if not, why; `?verbose` lists every check. */
export function readyz(checks: () => readonly Check[]): Handler {
  return ({ res, query }) => {
    const all = checks();
    const fault = all.find((check) => check.fault !== undefined)?.fault;
    const text = query.has('verbose') ? all.map(({ name, state }) => `${name}: ${state}\n`).join('') : `${fault ?? 'ready'}\n`;
    return fault === undefined ? sendText(res, 200, text) : sendText(res, 503, text, { 'retry-after': '5' });
  };
}
