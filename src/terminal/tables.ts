import type { LogEntry } from '../hub/event-log.ts';
import { aligned } from './aligned.ts';
import type { ConnectedClient } from './control.ts';
import { escapeText } from './escape.ts';
import { duration } from './words.ts';

/** At most this many clients are listed: a list of ten thousand is no answer. */
const LISTED = 100;
/** How much of the data of an event is shown, in characters. */
const DATA = 60;

/** Connected clients as a table, its header first; at least one line. @param time wall clock, ms since 1970 */
export function clientTable(clients: readonly ConnectedClient[], time: number): string[] {
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
  const lines = aligned([['client', 'profile', 'login', 'topics', 'address', 'connected for', 'events'], ...rows]);
  if (clients.length > LISTED) lines.push(`… and ${clients.length - LISTED} more`);
  return lines;
}

/** Events of the past as a table, its header first; at least one line. Of each only what is shown is kept, however large it is. */
export async function eventTable(entries: AsyncIterable<LogEntry>): Promise<string[]> {
  const rows: string[][] = [];
  for await (const { id, time, event, audience } of entries) {
    const { filter, topics } = audience;
    const whom = [
      ...(filter ? [escapeText(filter.source)] : []),
      ...(topics ? [`topics ${topics.map((topic) => escapeText(topic, 24)).join(' ')}`] : []),
    ];
    rows.push([clock(time), id, escapeText(event.type, 24), escapeText(event.data, DATA), whom.join(' · ') || 'everyone']);
  }
  return rows.length === 0 ? ['no events'] : aligned([['time', 'id', 'type', 'data', 'for'], ...rows]);
}

/** A time of day where the program runs, as the log has it. */
function clock(time: number): string {
  return new Date(time).toTimeString().slice(0, 8);
}
