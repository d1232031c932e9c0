import { variableOf } from '../config/names.ts';
import { quoted } from '../config/values.ts';
import { SseError } from '../errors.ts';
import type { Effects } from './effects.ts';
import { wrong } from './flag-values.ts';

/** Where a running server is. */
export interface ServerPlace {
  /** Its admin: a URL at that origin, or `unix:PATH`. */
  readonly admin: string;
  /** Its event stream; behind a socket there is none, since only admin can listen there. */
  readonly sse?: string;
}

/** What a command line may say of it. */
export interface ServerFlags {
  readonly url?: string | undefined;
  readonly readyFile?: string | undefined;
}

/** The variable that stands for `--url`. */
export const URL_VARIABLE: string = variableOf('url');
const READY_FILE_VARIABLE = variableOf('readyFile');

/** Where a server is that was told nothing. */
const DEFAULT_URL = 'http://localhost:2015/';

/**
 * The server that a client command talks to: `--url`, else the one that wrote `--ready-file`, else the same two from the
 * environment, else the one that a start without options makes.
 *
 * @throws SseError `invalid-config` for what is no URL or no ready file, `request-failed` where the server of a ready file is gone
 */
export function findServer({ url, readyFile }: ServerFlags, { env, readFile }: Pick<Effects, 'env' | 'readFile'>): ServerPlace {
  if (url !== undefined) return placeAt(url, '--url');
  if (readyFile !== undefined) return fromReadyFile(readyFile, '--ready-file', readFile);
  const { [URL_VARIABLE]: urlVariable, [READY_FILE_VARIABLE]: fileVariable } = env;
  // An empty variable is not set, as everywhere.
  if (urlVariable) return placeAt(urlVariable, URL_VARIABLE);
  if (fileVariable) return fromReadyFile(fileVariable, READY_FILE_VARIABLE, readFile);
  return placeAt(DEFAULT_URL, 'the default');
}

/**
 * The server at a URL: its origin, its stream or its admin.
 *
 * @param pointer where the URL stood @throws SseError `invalid-config`
 */
export function placeAt(given: string, pointer: string): ServerPlace {
  if (/^unix:./.test(given)) return { admin: given };
  // As curl takes it.
  const url = /^(\[[\da-f:.]+\]|[\w.-]+):\d+(\/|$)/i.test(given) ? `http://${given}` : given;
  if (!/^https?:\/\//.test(url) || !URL.canParse(url))
    throw wrong(pointer, `must be a URL such as http://localhost:2015 or unix:PATH, not ${quoted(url)}`);
  const { pathname, origin, username, password } = new URL(url);
  // It would stand in every message.
  if (username !== '' || password !== '')
    throw wrong(pointer, 'must not hold a password; the flags for tokens and headers show one');
  const namesStream = pathname !== '/' && !/^\/admin(\/|$)/.test(pathname);
  return { admin: url, sse: namesStream ? url : `${origin}/sse` };
}

function fromReadyFile(file: string, pointer: string, readFile: Effects['readFile']): ServerPlace {
  let text: string;
  try {
    text = readFile(file);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    // The server takes it away when it ends.
    if (code === 'ENOENT')
      throw new SseError('request-failed', `${pointer}: there is no ${quoted(file)}: is its server running?`);
    throw wrong(pointer, `cannot read ${quoted(file)}: ${message}`);
  }
  const { sse, admin } = parsed(text);
  if (typeof sse !== 'string' || typeof admin !== 'string')
    throw wrong(pointer, `${quoted(file)} is no ready file: it must be JSON with sse and admin, as a server writes it`);
  return { sse, admin };
}

function parsed(text: string): { readonly sse?: unknown; readonly admin?: unknown } {
  try {
    return Object(JSON.parse(text));
  } catch {
    return {};
  }
}
