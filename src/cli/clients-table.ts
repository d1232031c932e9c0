import { aligned } from '../terminal/aligned.ts';
import { escapeText } from '../terminal/escape.ts';
import { duration } from '../terminal/words.ts';
import { type ListedClient, nameOf } from './listed-client.ts';

const HEADER = ['client', 'who', 'profile', 'address', 'since', 'state', 'behind', 'events'];

/** Clients as lines for a person, a header first. @param time wall clock, ms since 1970 */
export function clientsTable(clients: readonly ListedClient[], time: number): string[] {
  const rows = clients.map((client) => [
    escapeText(client.client, 40),
    nameOf(client),
    escapeText(client.profile, 24),
    escapeText(client.ip, 45),
    duration(time - Date.parse(client.since)),
    escapeText(client.state, 16),
    String(client.behind),
    String(client.events),
  ]);
  return aligned([HEADER, ...rows]);
}

/** All that is known of one thing, a line for each field; what is nothing is left out. */
export function fieldLines(fields: Readonly<Record<string, unknown>>): string[] {
  const told = Object.entries(fields).flatMap(([name, value]) => {
    const text = Array.isArray(value) ? value.join(' ') : typeof value === 'object' ? JSON.stringify(value) : String(value);
    return text === '' || text === '{}' ? [] : [[escapeText(name), escapeText(text, Infinity)]];
  });
  return aligned(told);
}
