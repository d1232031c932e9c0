import { SseError } from '../errors.ts';
import type { Exchange, Handler } from './exchange.ts';

export type Methods = Readonly<Record<string, Handler>>;

const NONE: Readonly<Record<string, string>> = Object.freeze({});

interface Route {
  readonly segments: readonly string[];
  readonly methods: Methods;
}

/** What a path leads to, and what stands in it in place of its `{names}`. */
export interface Found {
  readonly methods: Methods;
  readonly parameters: Readonly<Record<string, string>>;
}

/** Paths and the methods that each has. A segment in braces, as in `/admin/clients/{id}`, stands for any one segment. */
export class RouteTable {
  /** Those without braces, which are most. */
  readonly #exact = new Map<string, Methods>();
  readonly #patterns: Route[] = [];

  constructor(routes: Readonly<Record<string, Methods>>) {
    for (const [path, methods] of Object.entries(routes)) {
      if (path.includes('{')) this.#patterns.push({ segments: path.split('/'), methods });
      else this.#exact.set(path, methods);
    }
  }

  find(path: string): Found | undefined {
    const methods = this.#exact.get(path);
    if (methods) return { methods, parameters: NONE };
    if (this.#patterns.length === 0) return undefined;
    const given = path.split('/');
    for (const route of this.#patterns) {
      const parameters = parametersIn(route.segments, given);
      if (parameters) return { methods: route.methods, parameters };
    }
    return undefined;
  }
}

function parametersIn(segments: readonly string[], given: readonly string[]): Record<string, string> | undefined {
  if (segments.length !== given.length) return undefined;
  const parameters: Record<string, string> = {};
  for (const [index, segment] of segments.entries()) {
    const text = given[index] as string;
    if (!segment.startsWith('{')) {
      if (segment !== text) return undefined;
      continue;
    }
    // Ids are made of characters that nobody has to escape; what has others is none.
    if (!/^[A-Za-z0-9._~-]+$/.test(text)) return undefined;
    parameters[segment.slice(1, -1)] = text;
  }
  return parameters;
}

/** The handler for a request's method. @throws SseError `method-not-allowed`, with those that there are */
export function handlerOf(methods: Methods, { method, headers, path }: Exchange): Handler {
  const handler = Object.hasOwn(methods, method) ? methods[method] : undefined;
  if (handler) return handler;
  headers.allow = Object.keys(methods).join(', ');
  throw new SseError('method-not-allowed', `${path} has ${headers.allow}`);
}
