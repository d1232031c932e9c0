import type { Comparison, Measured } from './comparison.ts';
import type { Figure } from './figures.ts';

/** A line of the table: what was measured, and how it is written. Nothing where a server does not do it. */
interface Line {
  readonly what: string;
  readonly of: (measured: Measured) => string | undefined;
}

const cpuAndRate = (what: string, name: string): Line => ({
  what,
  of: (measured) => together([amount(measured[`${name}Cpu`], ' µs'), amount(measured[`${name}Rate`], '/s')]),
});
const latency = (what: string, name: string): Line => ({
  what,
  of: (measured) => together([amount(measured[`${name}P50`], ''), amount(measured[`${name}P99`], ' ms')]),
});

const linesOf = (connections: number): readonly Line[] => [
  cpuAndRate('one publisher: CPU a delivery · deliveries', 'closed'),
  latency('… from publish to receive, p50 · p99', 'closed'),
  cpuAndRate('16 publishers: CPU a delivery · deliveries', 'sixteen'),
  latency('… from publish to receive, p50 · p99', 'sixteen'),
  cpuAndRate('20 events a second: CPU a delivery · deliveries', 'paced'),
  latency('… from publish to receive, p50 · p99', 'paced'),
  cpuAndRate('an event for one of them: CPU · events', 'targeted'),
  latency('… from publish to receive, p50 · p99', 'targeted'),
  cpuAndRate('500 return, 500 events behind: CPU a delivery · deliveries', 'storm'),
  { what: '… until all have all', of: ({ stormTook }) => amount(stormTook, ' ms') },
  { what: `memory a connection, of ${grouped(connections)}`, of: ({ memory }) => amount(memory, ' KiB') },
  {
    what: 'connecting: CPU · connections',
    of: ({ connectCpu, connects }) => together([amount(connectCpu, ' µs'), amount(connects, '/s')]),
  },
];

/** Rows of cells; the first row is the head. */
export function cells({ results, connections }: Comparison): string[][] {
  const all = Object.values(results);
  return [
    ['1 000 clients, events of 100 bytes', ...Object.keys(results)],
    ...linesOf(connections).map(({ what, of }) => [what, ...all.map((measured) => of(measured) ?? '–')]),
  ];
}

/** For people, in columns. */
export function text(comparison: Comparison): string {
  const rows = cells(comparison);
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const line = (row: string[]): string =>
    row.map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0))).join('   ');
  const absent = Object.entries(comparison.absent).map(([name, reason]) => `${name} is not compared: ${reason}\n`);
  return `${rows.map((row) => `${line(row)}\n`).join('')}${absent.join('')}`;
}

/** What is expected of the server beside the others; of those that are there. */
export function bounds({ results }: Comparison): Figure[] {
  const { 'sse-server': ours, nchan, 'better-sse': better } = results;
  const figures: Figure[] = [];
  const ratio = (what: string, value: number, bound: Pick<Figure, 'atMost' | 'atLeast'>): void =>
    void figures.push({ what, value, unit: '×', ...bound });
  if (ours && nchan) {
    ratio("one publisher, of nchan's CPU a delivery", part(ours, nchan, 'closedCpu'), { atMost: 1.25 });
    ratio("16 publishers, of nchan's deliveries a second", part(ours, nchan, 'sixteenRate'), { atLeast: 4 });
    ratio("of nchan's memory a connection", part(ours, nchan, 'memory'), { atMost: 1.3 });
  }
  if (ours && better) ratio("one publisher, of better-sse's CPU a delivery", part(ours, better, 'closedCpu'), { atMost: 0.7 });
  return figures;
}

function part(ours: Measured, theirs: Measured, name: string): number {
  return (ours[name] ?? Number.NaN) / (theirs[name] ?? Number.NaN);
}

function together(parts: readonly (string | undefined)[]): string | undefined {
  return parts.includes(undefined) ? undefined : parts.join(' · ');
}

function amount(value: number | undefined, unit: string): string | undefined {
  if (value === undefined) return undefined;
  const digits = value >= 100 ? 0 : value >= 10 ? 1 : 2;
  return `${grouped(Number(value.toFixed(digits)))}${unit}`;
}

/** With a space between thousands. */
export function grouped(value: number): string {
  return value >= 1000 ? Math.round(value).toLocaleString('en').replaceAll(',', ' ') : String(value);
}
