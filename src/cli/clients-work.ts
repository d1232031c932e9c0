import type { Writable } from 'node:stream';
import { SseError } from '../errors.ts';
import { adminTokenOf } from '../parts/verifiers.ts';
import { counted } from '../terminal/words.ts';
import { AdminClient } from './admin-client.ts';
import type { ClientsOrder, KickOrder, ListOrder, ShowOrder } from './clients-order.ts';
import { clientsTable, fieldLines } from './clients-table.ts';
import { jsonAnswer } from './json-answer.ts';
import type { ListedClient } from './listed-client.ts';
import { writeAll } from './write-all.ts';

/** What `clients` needs of the process. Data goes to stdout, words for people to stderr. */
export interface ClientsWorld {
  readonly stdout: Writable & { readonly isTTY?: boolean };
  readonly stderr: Pick<Writable, 'write'>;
  /** Aborted with the exit code. */
  readonly interrupted: AbortSignal;
}

/** Of the list that a request gets: what the server gives at most. */
const PAGE = 1000;

interface Page {
  readonly clients: readonly ListedClient[];
  readonly matched: number;
  readonly total: number;
}

/** Lists, shows or disconnects clients. @returns the exit code @throws SseError `request-failed` with what kept it from it */
export async function workOnClients(order: ClientsOrder, world: ClientsWorld): Promise<number> {
  const client = new AdminClient(order.admin, adminTokenOf(order));
  try {
    if (order.what === 'ls') await list(client, order, world);
    else if (order.what === 'show') await show(client, order, world);
    else await writeAll(world.stdout, `${JSON.stringify(await kick(client, order))}\n`);
  } finally {
    client.close();
  }
  return world.interrupted.aborted ? Number(world.interrupted.reason) : 0;
}

async function list(client: AdminClient, order: ListOrder, { stdout, stderr, interrupted }: ClientsWorld): Promise<void> {
  const isTable = !order.json && stdout.isTTY === true;
  const found: ListedClient[] = [];
  for await (const { clients, matched, total } of pages(client, order)) {
    if (isTable) found.push(...clients);
    else for (const each of clients) await writeAll(stdout, `${JSON.stringify(each)}\n`);
    // Of those who come and go meanwhile, the first page knows as much as the last.
    if (isTable && found.length === clients.length) stderr.write(`sse-server: ${summary(matched, total)}\n`);
    // Whoever read it may have gone.
    if (interrupted.aborted || !stdout.writable) return;
  }
  if (found.length > 0) await writeAll(stdout, `${clientsTable(found, Date.now()).join('\n')}\n`);
}

function summary(matched: number, total: number): string {
  return matched === total ? counted(total, 'client') : `${matched} of ${counted(total, 'client')}`;
}

async function* pages(client: AdminClient, { admin, filter, limit }: ListOrder): AsyncGenerator<Page, void> {
  let left = limit;
  let cursor: unknown = null;
  do {
    const query = new URLSearchParams({
      limit: String(Math.min(left, PAGE)),
      ...(filter !== undefined && { filter }),
      ...(cursor !== null && { cursor: String(cursor) }),
    });
    const { clients, matched, total, next = null } = await client.ask(`/admin/clients?${query}`);
    if (!Array.isArray(clients))
      throw new SseError('request-failed', `${admin} answers with no list of clients: is it a server of this kind?`);
    yield { clients, matched: Number(matched), total: Number(total) };
    left -= clients.length;
    cursor = next;
  } while (cursor !== null && left > 0);
}

async function show(client: AdminClient, { id, json }: ShowOrder, { stdout }: ClientsWorld): Promise<void> {
  const found = await client.ask(`/admin/clients/${encodeURIComponent(id)}`);
  const lines = json || !stdout.isTTY ? [JSON.stringify(found)] : fieldLines(found);
  await writeAll(stdout, `${lines.join('\n')}\n`);
}

async function kick(client: AdminClient, order: KickOrder): Promise<Readonly<Record<string, unknown>>> {
  const { admin, whom, reason, forever } = order;
  if ('id' in whom && reason === undefined && !forever) return client.delete(`/admin/clients/${encodeURIComponent(whom.id)}`);
  // Every escape of JSON is one of CEL.
  const filter = 'id' in whom ? `client.id == ${JSON.stringify(whom.id)}` : whom.filter;
  const body = { filter, ...(reason !== undefined && { reason }), ...(forever && { forever }) };
  const answer = jsonAnswer(await client.post('/admin/clients/disconnect', body), admin);
  // As it is told where no filter stands between.
  if ('id' in whom && answer.disconnected === 0)
    throw new SseError(
      'request-failed',
      `no client ${JSON.stringify(whom.id)} is connected; sse-server clients lists those who are`,
    );
  return answer;
}
