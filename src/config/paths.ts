import type { z } from 'zod';
import { quoted, structured } from './values.ts';

/** A directory to serve, and under which path: `/` or `/docs`, without a slash at its end. */
export interface StaticMount {
  readonly prefix: string;
  readonly directory: string;
}

const PREFIXED = /^(\/[^=]*)=(.*)$/s;

const RESERVED = ['/admin', '/livez', '/metrics', '/readyz'];

/** All rules for a path that something is served under. */
export function pathProblem(path: string): string | undefined {
  if (!path.startsWith('/')) return `must begin with '/', not ${quoted(path)}`;
  // Paths are compared as they stand in the request line: what a client would send in another spelling never matches.
  if (/[?#%\\\s]/.test(path) || path.startsWith('//') || new URL(path, 'http://localhost').pathname !== path)
    return `must be a plain path such as /sse, not ${quoted(path)}`;
  const taken = RESERVED.find((reserved) => path.toLowerCase() === reserved || path.toLowerCase().startsWith(`${reserved}/`));
  return taken === undefined ? undefined : `must not be under ${taken}: that path is the server's own`;
}

/**
 * `DIR` or `/prefix=DIR`. What begins with `/` and has a `=` has a prefix, so a directory `/srv/a=b` is written
 * `/=/srv/a=b`. Directories are relative to the working directory.
 */
export const staticMount: z.ZodType<StaticMount, string> = structured(
  (value) => {
    const [, given = '/', directory = value] = PREFIXED.exec(value) ?? [];
    if (directory === '') return value === '' ? 'must not be empty' : `needs a directory after ${quoted(`${given}=`)}`;
    const prefix = given.replace(/(?<=.)\/+$/, '');
    const problem = pathProblem(prefix);
    return problem === undefined ? { prefix, directory } : `its prefix ${problem}`;
  },
  ({ prefix, directory }) => (prefix === '/' && !PREFIXED.test(directory) ? directory : `${prefix}=${directory}`),
);
