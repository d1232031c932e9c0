import type { Stats } from 'node:fs';
import { realpath, stat } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join, sep } from 'node:path';
import finalhandler from 'finalhandler';
import serveStatic from 'serve-static';
import { SseError } from '../errors.ts';
import { isOutOfDescriptors } from './descriptors.ts';
import type { Exchange, Handler } from './exchange.ts';

/** A directory that is served under a prefix. */
export interface StaticMount {
  /** `/` or `/docs`; no slash at its end otherwise. */
  readonly prefix: string;
  /** An existing directory. */
  readonly root: string;
  /** Headers for its files, such as a content security policy for pages that we ship. */
  readonly headers?: Readonly<Record<string, string>>;
}

/**
 * Serves directories; the longest prefix wins. GET and HEAD only, no listings, no dotfiles but `/.well-known/`
 * (RFC 8615), nothing that a symbolic link puts outside its directory, nothing that would stand under `/admin`.
 *
 * @param maxAge how long browsers may keep files without asking, in ms; 0: they keep them but ask each time
 */
export function staticFiles(mounts: readonly StaticMount[], maxAge: number): Handler {
  const sorted = [...mounts]
    .sort((a, b) => b.prefix.length - a.prefix.length)
    .map((mount) => ({ ...mount, serve: serverOf(mount, maxAge) }));
  return async (exchange) => {
    const { req, path, method } = exchange;
    if (method !== 'GET' && method !== 'HEAD') {
      exchange.headers.allow = 'GET, HEAD';
      throw new SseError('method-not-allowed', 'files are read with GET; events are published with POST /admin/broadcast');
    }
    const mount = sorted.find(({ prefix }) => prefix === '/' || path === prefix || path.startsWith(`${prefix}/`));
    if (!mount) throw notFound(path);
    const below = mount.prefix === '/' ? path : path.slice(mount.prefix.length);
    // serve-static gets the path that was checked, not one that it would read in its own way. It reads the url and, for the
    // redirect that adds a directory's slash, the original one.
    const { checked, found } = await checkPath(mount.root, below, path);
    askForAllThatThereIs(req, found.size);
    // Admin's paths are its guard's, in whatever spelling a directory understands: `//admin`, `/%61dmin`, on some disks `/Admin`.
    if (mount.prefix === '/' && /^\/admin(\/|$)/i.test(checked)) throw notFound(path);
    const search = exchange.query.size > 0 ? `?${exchange.query}` : '';
    Object.assign(req, {
      originalUrl: (mount.prefix === '/' ? '' : mount.prefix) + checked + search,
      url: (checked || '/') + search,
    });
    await serveFile(mount.serve, exchange);
  };
}

/** Settles when somebody else answers. @throws SseError `overloaded` */
function serveFile(serve: ReturnType<typeof serverOf>, { req, res }: Exchange): Promise<void> {
  return new Promise((resolve, reject) => {
    // In any other environment it would show strangers a stack.
    const last = finalhandler(req, res, { env: 'production', onerror: () => {} });
    res.once('close', resolve);
    serve(req, res, (error?: unknown) => {
      if (!isOutOfDescriptors(error) || res.headersSent) return last(error);
      for (const name of res.getHeaderNames()) res.removeHeader(name);
      reject(overloaded());
    });
  });
}

/**
 * Of a file that is shorter than the last bytes that are asked for, those are all of it (RFC 9110 §14.1.2); send (1.2) would say that
 * nothing of them can be had.
 * @param size of the file, in bytes
 */
function askForAllThatThereIs(req: IncomingMessage, size: number): void {
  const [, last] = /^bytes=-(\d+)$/i.exec(req.headers.range ?? '') ?? [];
  if (last !== undefined && Number(last) > size) req.headers.range = 'bytes=0-';
}

function serverOf({ root, headers }: StaticMount, maxAge: number) {
  const cacheControl = maxAge > 0 ? `public, max-age=${Math.floor(maxAge / 1000)}` : 'no-cache';
  return serveStatic<ServerResponse>(root, {
    dotfiles: 'allow', // Decided in `checkPath`, which knows .well-known.
    cacheControl: false,
    setHeaders: (res) => {
      res.setHeader('cache-control', cacheControl);
      res.setHeader('x-content-type-options', 'nosniff');
      for (const [name, value] of Object.entries(headers ?? {})) res.setHeader(name, value);
    },
  });
}

/**
 * All rules for a path, each with its reason. Every refusal looks like a missing file, so that nobody learns what is there.
 * @returns the path in one spelling, and what is there
 */
async function checkPath(root: string, below: string, path: string): Promise<{ checked: string; found: Stats }> {
  let decoded: string;
  try {
    decoded = decodeURIComponent(below);
  } catch {
    throw new SseError('invalid-request', 'the path is not valid percent-encoding');
  }
  // A NUL ends names in the system's calls; a backslash separates them on Windows.
  if (decoded.includes('\0') || decoded.includes('\\')) throw notFound(path);
  const segments = decoded.split('/').filter((segment) => segment !== '');
  if (segments.some((segment, index) => segment.startsWith('.') && !(index === 0 && segment === '.well-known')))
    throw notFound(path);

  const slash = decoded.endsWith('/') ? '/' : '';
  let found = await lookWithin(root, segments);
  // What is served for a directory is its index, which can be a link or a pipe as well.
  if (found?.isDirectory() && slash) found = await lookWithin(root, [...segments, 'index.html']);
  if (!found) throw notFound(path);
  return { checked: segments.map((segment) => `/${encodeURIComponent(segment)}`).join('') + slash, found };
}

/** What is there; undefined for nothing, for what links lead out of the root to, and for pipes and devices, which would never end. */
async function lookWithin(root: string, segments: readonly string[]): Promise<Stats | undefined> {
  try {
    const realRoot = await realpath(root);
    const real = await realpath(join(root, ...segments));
    if (real !== realRoot && !real.startsWith(realRoot.endsWith(sep) ? realRoot : realRoot + sep)) return undefined;
    const found = await stat(real);
    return found.isFile() || found.isDirectory() ? found : undefined;
  } catch (error) {
    if (isOutOfDescriptors(error)) throw overloaded();
    return undefined; // Missing, too long, gone between two calls: for whoever asks it is not there.
  }
}

function overloaded(): SseError {
  return new SseError('overloaded', 'too many files are open; try again');
}

function notFound(path: string): SseError {
  return new SseError('not-found', `there is nothing at ${JSON.stringify(path)}`);
}
