import type { ClientStanding } from './control.ts';
import { escapeText } from './escape.ts';
import type { Paint } from './paint.ts';
import { windowOf } from './text-window.ts';
import { cutToWidth, padToWidth } from './width.ts';
import { duration } from './words.ts';

/** A client that has a row. */
interface Row {
  readonly id: string;
  /** Undefined if it has left. */
  readonly standing: ClientStanding | undefined;
}

/** The list of clients as it is to be seen. */
export interface ClientView {
  /** The rows that have room, in order. */
  readonly rows: readonly Row[];
  /** Which of them the next key is for; -1 if there is none. */
  readonly selected: number;
  /** Whether it is looked at alone. */
  readonly alone: boolean;
  /** How many the filter has, of those who are connected. */
  readonly matched: number;
  readonly total: number;
  /** Empty: everyone. */
  readonly filter: string;
  /** What is being typed, if anything is. */
  readonly field: { readonly label: string; readonly text: string; readonly cursor: number } | undefined;
  readonly notice: string;
  /** Whether the notice is about a mistake. */
  readonly wrong: boolean;
}

export interface Size {
  readonly columns: number;
  readonly rows: number;
}

/** What is said in the place of a client that is there no more. */
export const HAS_LEFT = 'that client has left';
const KEYS = '↑↓ · Enter details · / filter · S send · K kick · Shift-K for good · Esc back';
// What a narrow terminal has no room for is told by the details; the first six have room in 80 columns.
const COLUMNS: readonly (readonly [name: string, width: number, cell: (client: ClientStanding, time: number) => string])[] = [
  ['client', 10, ({ client }) => client.client.id],
  ['who', 16, ({ client: { name, login, id } }) => escapeText(name || login || id)],
  ['profile', 14, ({ client: { profile } }) => escapeText(profile || 'anonymous')],
  ['connected', 11, ({ since }, time) => duration(time - since)],
  ['events', 7, ({ events }) => String(events)],
  ['behind', 7, ({ behind }) => String(behind)],
  ['address', 15, ({ client }) => escapeText(client.client.ip)],
  ['topics', 24, ({ client: { topics } }) => escapeText(topics.join(' '))],
];

/** How many clients have room beside a title, a header, a notice and the keys; one even where there is none. */
export function roomFor({ rows }: Size): number {
  return Math.max(1, rows - 4);
}

/** The rows of the screen. @param time wall clock, ms since 1970 */
export function frameOf(view: ClientView, size: Size, paint: Paint, time: number): string[] {
  // In the last column terminals differ on where the cursor is.
  const width = Math.max(1, size.columns - 1);
  const cut = (text: string) => cutToWidth(text, width);
  const chosen = view.rows[view.selected]?.standing;
  const room = roomFor(size) + 1;
  const body = view.alone
    ? fitted(chosen ? detailsOf(chosen, time) : ['', `  ${HAS_LEFT}`], room).map(cut)
    : listOf(view, width, paint, time);
  const filled = Array.from({ length: room }, (_, row) => body[row] ?? '');
  const title = cut(
    `Clients · ${view.filter === '' ? view.total : `${view.matched} of ${view.total} · ${escapeText(view.filter)}`}`,
  );
  return [paint('bold', title), ...filled, noticeOf(view, paint, width), paint('dim', cut(KEYS))].slice(0, size.rows);
}

/** In the place of what has no room, how much that is. */
function fitted(lines: readonly string[], room: number): readonly string[] {
  if (lines.length <= room) return lines;
  const shown = lines.slice(0, room - 1);
  return [...shown, `  … ${lines.length - shown.length} more lines, in a taller window`];
}

function listOf({ rows, selected, total }: ClientView, room: number, paint: Paint, time: number): string[] {
  const columns = columnsIn(room);
  const cut = (text: string) => cutToWidth(text, room);
  const line = (mark: string, cells: readonly string[]) => cut(`${mark} ${cells.join('  ')}`.trimEnd());
  const names = columns.map(([name, width]) => padToWidth(name, width));
  const header = paint('dim', line(' ', names));
  if (rows.length === 0) return [header, cut(`  ${total === 0 ? 'nobody is connected' : 'the filter has nobody'}`)];
  const cellsOf = ({ id, standing }: Row): readonly string[] =>
    standing ? columns.map(([, width, cell]) => padToWidth(cutToWidth(cell(standing, time), width), width)) : [id, HAS_LEFT];
  const lines = rows.map((client, row) => {
    const cells = cellsOf(client);
    return row === selected ? paint('bold', line('›', cells)) : line(' ', cells);
  });
  return [header, ...lines];
}

/** The columns that have room as a whole, from the left; one even where there is none. */
function columnsIn(room: number): typeof COLUMNS {
  let taken = 0;
  const fit = COLUMNS.filter(([, width]) => {
    // Two for the mark, or between it and the column before.
    taken += width + 2;
    return taken <= room;
  });
  return fit.length > 0 ? fit : COLUMNS.slice(0, 1);
}

/** All that is known of a client, a line each, the ones that change last. */
function detailsOf({ client, since, events, bytes, state, lastEventId, behind, missed }: ClientStanding, time: number): string[] {
  const { authenticated, id, login, name, mail, profile, roles, topics, claims } = client;
  const fields = {
    client: client.client.id,
    address: client.client.ip,
    authenticated: authenticated ? 'yes' : 'no',
    ...{ id, login, name, mail, profile },
    roles: roles.join(' '),
    topics: topics.join(' '),
    claims: Object.keys(claims).length === 0 ? '' : JSON.stringify(claims),
    connected: `${new Date(since).toISOString()}, ${duration(time - since)} ago`,
    state,
    'last id': lastEventId,
    behind: String(behind),
    missed: String(missed),
    events: String(events),
    bytes: String(bytes),
  };
  const told = Object.entries(fields).filter(([, value]) => value !== '');
  return ['', ...told.map(([field, value]) => `  ${field.padEnd(14)}${escapeText(value, 1000)}`)];
}

function noticeOf({ field, notice, wrong }: ClientView, paint: Paint, width: number): string {
  const side = notice === '' ? '' : cutToWidth(notice, Math.max(0, Math.floor(width / 2)));
  const painted = paint(wrong ? 'yellow' : 'dim', field ? side : cutToWidth(notice, width));
  if (!field) return painted;
  const label = cutToWidth(field.label, Math.floor(width / 3));
  // Two columns between what is typed and what is said of it.
  const room = Math.max(1, width - label.length - side.length - 2);
  return `${paint('cyan', label)}${windowOf(field.text, field.cursor, room).shown}  ${painted}`;
}
