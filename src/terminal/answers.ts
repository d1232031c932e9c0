import { SseError } from '../errors.ts';
import type { DraftInput } from '../event/draft.ts';
import type { Control } from './control.ts';
import { escapeText } from './escape.ts';
import { aligned } from './table.ts';
import { counted, duration } from './words.ts';

/** At most this many clients are listed: a list of ten thousand is no answer. */
const LISTED = 100;

/** The default event, to everyone or to those whom the key filter selects: S and A. */
export function defaultDraft({ defaults }: Control, to: 'everyone' | 'key-filter'): DraftInput & { event: string; data: string } {
  const { event, data, keyFilter } = defaults;
  return to === 'everyone' ? { event, data } : { event, data, filter: keyFilter };
}

/** Sends an event and says in one line what became of it. @throws SseError as `control.send` does */
export async function sendAndTell(control: Control, draft: DraftInput): Promise<string> {
  const { id, matched } = await control.send(draft);
  const data = typeof draft.data === 'string' ? draft.data : JSON.stringify(draft.data);
  const matching = typeof draft.filter === 'string' ? ` matching ${escapeText(draft.filter)}` : '';
  return `sent ${escapeText(draft.event ?? 'message')} "${escapeText(data, 40)}" to ${counted(matched, 'client')}${matching} · ${id}`;
}

/** What a mistake says to who made it: one line, and for a filter two more that show the place. A defect shows its message. */
export function explain(error: unknown): {
  readonly line: string;
  readonly excerpt: readonly string[];
} {
  const issue = error instanceof SseError ? error.issues[0] : undefined;
  const text = issue
    ? `${issue.pointer.replace(/^\//, '')}: ${issue.detail}`
    : error instanceof Error
      ? error.message
      : String(error);
  return {
    line: escapeText(text, 400),
    excerpt: issue?.excerpt?.split('\n').map((line) => escapeText(line, 400)) ?? [],
  };
}

/** The connected clients as a table, its header first; at least one line. @param time wall clock, ms since 1970 */
export function clientTable(control: Control, time: number): string[] {
  const clients = control.clients();
  if (clients.length === 0) return ['no clients'];
  const rows = clients
    .slice(0, LISTED)
    .map(({ client, since, events }) => [
      client.client.id,
      client.profile === '' ? 'anonymous' : escapeText(client.profile, 24),
      escapeText(client.login, 24),
      client.topics.map((topic) => escapeText(topic, 24)).join(' '),
      escapeText(client.client.ip, 45),
      duration(time - since),
      String(events),
    ]);
  const table = [['client', 'profile', 'login', 'topics', 'address', 'connected for', 'events'], ...rows];
  const lines = aligned(table);
  if (clients.length > LISTED) lines.push(`… and ${clients.length - LISTED} more`);
  return lines;
}
