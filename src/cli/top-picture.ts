import { aligned } from '../terminal/aligned.ts';
import { escapeText } from '../terminal/escape.ts';
import { counted, duration } from '../terminal/words.ts';
import type { SeenClient } from './client-rounds.ts';
import { nameOf } from './listed-client.ts';
import type { Reading } from './top-reading.ts';

/** Lines that are there whoever is connected. */
const FIXED = 9;

/** One line for a person or a log. @param time wall clock, ms since 1970 */
export function readingLine(reading: Reading, time: number): string {
  return `${new Date(time).toTimeString().slice(0, 8)}  ${[...standing(reading), ...pace(reading)].join('  ')}`;
}

/** All of it for a person, in at most so many lines. @param admin where the server is */
export function readingPicture(reading: Reading, admin: string, rows: number): string[] {
  const { stats, busiest, behind } = reading;
  const each = Math.max(1, Math.floor((rows - FIXED) / 2));
  const { uptime, history, durability } = stats;
  const kept = `${counted(history.events, 'event')} kept (${escapeText(durability, 16)})`;
  const lines = [
    `sse-server ${escapeText(admin)} · up ${duration(uptime * 1000)} · ${kept}`,
    standing(reading).join(' · '),
    pace(reading).join(' · '),
    '',
    ...group('busiest', busiest.slice(0, each)),
    '',
    ...group('most behind', behind.slice(0, each)),
  ];
  return lines.slice(0, rows);
}

function standing({ vitals, stats }: Reading): string[] {
  return [
    counted(vitals.clients, 'client'),
    `${vitals.slow} slow`,
    counted(vitals.gaps, 'gap'),
    counted(stats.totals.closed.slow ?? 0, 'slow close'),
    `${vitals.refused} refused`,
  ];
}

function pace({ rates }: Reading): string[] {
  return [`${rateOf(rates?.events)} events/s`, `${rateOf(rates?.deliveries)} deliveries/s`, `${rateOf(rates?.bytes)} bytes/s`];
}

function group(title: string, clients: readonly SeenClient[]): string[] {
  if (clients.length === 0) return [`${title}: nobody`];
  const header = [title, 'who', 'profile', 'address', 'state', 'behind', 'events/s'];
  const rows = clients.map((client) => [
    escapeText(client.client, 40),
    nameOf(client),
    escapeText(client.profile, 24),
    escapeText(client.ip, 45),
    escapeText(client.state, 16),
    String(client.behind),
    rateOf(client.rate),
  ]);
  return aligned([header, ...rows]);
}

/** Below a hundred a digit more, where it says something. */
function rateOf(rate: number | undefined): string {
  if (rate === undefined) return '–';
  return rate < 100 ? rate.toFixed(1) : rate.toFixed(0);
}
