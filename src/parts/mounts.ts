import { statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Options } from '../config/options.ts';
import { SseError } from '../errors.ts';
import type { StaticMount } from '../http/static-files.ts';

/** The page that ships; its policy allows what it needs and nothing else. */
function ownPage(ssePath: string): StaticMount {
  return {
    prefix: '/',
    root: fileURLToPath(new URL('public/', import.meta.resolve('#package.json'))),
    headers: {
      'content-security-policy':
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
      // Its own server may see where its requests come from: that is how a reverse proxy is noticed.
      'referrer-policy': 'same-origin',
      link: linkTo(ssePath),
    },
  };
}

/** How a page learns where its stream is (RFC 8288); ours does. */
function linkTo(ssePath: string): string {
  return `<${ssePath}>; rel="alternate"; type="text/event-stream"`;
}

/** What is served under which path: the directories that the options name, else the page that ships. @throws SseError `invalid-config` */
export function mountsOf({ static: entries, ssePath: [path = '/sse'] }: Options): readonly StaticMount[] {
  if (entries.length === 0) return [ownPage(path)];
  return entries.map(({ prefix, directory: root }) => {
    if (statSync(root, { throwIfNoEntry: false })?.isDirectory()) return { prefix, root, headers: { link: linkTo(path) } };
    throw SseError.of('invalid-config', [{ pointer: '--static', detail: `${JSON.stringify(root)} is not a directory` }]);
  });
}
