import { accessSync, constants, statSync } from 'node:fs';
import { isAbsolute, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Options } from '../config/options.ts';
import { SseError } from '../errors.ts';
import { PAGE_HEADERS } from '../http/page-headers.ts';
import type { StaticMount } from '../http/static-files.ts';

/** The directory of the pages that ship. */
export function ownPages(): string {
  return fileURLToPath(new URL('public/', import.meta.resolve('#package.json')));
}

/** The page that ships. */
function ownPage(ssePath: string): StaticMount {
  return {
    prefix: '/',
    root: ownPages(),
    headers: {
      ...PAGE_HEADERS,
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
    const problem = problemOf(root);
    if (problem === undefined) return { prefix, root, headers: { link: linkTo(path) } };
    throw SseError.of('invalid-config', [{ pointer: '--static', detail: `${JSON.stringify(root)} ${problem}` }]);
  });
}

function problemOf(root: string): string | undefined {
  try {
    const found = statSync(root, { throwIfNoEntry: false });
    if (!found) return `does not exist${isAbsolute(root) ? '' : ` (${resolve(root)})`}`;
    if (!found.isDirectory()) return 'is not a directory';
    accessSync(root, constants.R_OK | constants.X_OK);
    return undefined;
  } catch {
    return 'cannot be read by the user of this process';
  }
}
