import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Handler } from './exchange.ts';
import { PAGE_HEADERS } from './page-headers.ts';
import type { Methods } from './route-table.ts';
import { staticFiles } from './static-files.ts';

/** What a page is made of besides its document. */
const ASSET = /\.(js|css|svg)$/;

/**
 * The dashboard: its document at `/`, and beside it, under `/assets`, all that the shipped pages are made of, since on a
 * listener of admin's own there are no other files. Each is a route, so that what is none of them stays what it was: unknown.
 *
 * @param root the directory of the page that ships, with the dashboard in `admin`
 */
export function dashboardRoutes(root: string): Readonly<Record<string, Methods>> {
  const files = staticFiles(
    [
      { prefix: '/admin', root: join(root, 'admin'), headers: PAGE_HEADERS },
      { prefix: '/admin/assets', root, headers: PAGE_HEADERS },
    ],
    0,
  );
  const read = { GET: files, HEAD: files };
  const toDocument: Handler = ({ res }) => void res.writeHead(302, { location: '/admin/', 'content-length': 0 }).end();
  const assets = ['', 'admin/'].flatMap((folder) =>
    readdirSync(join(root, folder))
      .filter((name) => ASSET.test(name))
      .map((name) => [`/assets/${folder}${name}`, read] as const),
  );
  return { '': { GET: toDocument, HEAD: toDocument }, '/': read, ...Object.fromEntries(assets) };
}
