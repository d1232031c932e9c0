import type { Comparison } from './comparison.ts';
import { grouped } from './comparison-table.ts';
import { describe } from './machine.ts';

const WIDTH = 780;
const PANEL = { width: 380, gap: 20, head: 34, bar: 18, step: 26 } as const;
const LABELS = 110;

interface Panel {
  readonly what: string;
  readonly name: string;
  readonly unit: string;
}

const panelsOf = (connections: number): readonly Panel[] => [
  { what: 'CPU a delivery, one publisher: less is better', name: 'closedCpu', unit: 'µs' },
  { what: 'Deliveries a second, 16 publishers: more is better', name: 'sixteenRate', unit: '' },
  { what: `Memory a connection, of ${grouped(connections)}: less is better`, name: 'memory', unit: 'KiB' },
  { what: 'Latency p99, 20 events a second: less is better', name: 'pacedP99', unit: 'ms' },
];

/** The main figures as bars, for light pages and dark ones. */
export function picture(comparison: Comparison): string {
  const { results, date, machine, rounds, connections } = comparison;
  const names = Object.keys(results);
  const panels = panelsOf(connections);
  const panelHeight = PANEL.head + names.length * PANEL.step + PANEL.gap;
  const height = Math.ceil(panels.length / 2) * panelHeight + 24;
  const drawn = panels.map((panel, index) => {
    const [x, y] = [(index % 2) * (PANEL.width + PANEL.gap), Math.floor(index / 2) * panelHeight];
    return `<g transform="translate(${x} ${y})">${bars(panel, comparison)}</g>`;
  });
  const caption = `${date} · ${describe(machine)} · ${rounds === 1 ? 'one round' : `medians of ${rounds} rounds`}`;
  const told = panels.map(({ what, name, unit }) => {
    const all = names.map((each) => `${each} ${written(results[each]?.[name], unit)}`);
    return `${what}: ${all.join(', ')}.`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-labelledby="title desc">
<title id="title">sse-server beside ${escaped(names.slice(1).join(', '))}</title>
<desc id="desc">${escaped(`${told.join(' ')} ${caption}`)}</desc>
<style>
text { font: 12px system-ui, sans-serif; fill: #1f2328 } .head { font-weight: 600 } .note { fill: #59636e } .ours { fill: #0969da } .other { fill: #818b98 }
@media (prefers-color-scheme: dark) { text { fill: #f0f6fc } .note { fill: #9198a1 } .ours { fill: #4493f8 } .other { fill: #656c76 } }
</style>
${drawn.join('\n')}
<text class="note" x="0" y="${height - 8}">${escaped(caption)}</text>
</svg>
`;
}

function bars({ what, name, unit }: Panel, { results }: Comparison): string {
  const most = Math.max(...Object.values(results).map((measured) => measured[name] ?? 0));
  const room = PANEL.width - LABELS - 80;
  const rows = Object.entries(results).map(([who, measured], index) => {
    const y = PANEL.head + index * PANEL.step;
    const length = (((measured[name] ?? 0) / most) * room).toFixed(1);
    const kind = who === 'sse-server' ? 'ours' : 'other';
    return `<text x="0" y="${y + 13}">${escaped(who)}</text><rect class="${kind}" x="${LABELS}" y="${y}" width="${length}" height="${PANEL.bar}" rx="3"/><text x="${LABELS + Number(length) + 6}" y="${y + 13}">${escaped(written(measured[name], unit))}</text>`;
  });
  return `<text class="head" x="0" y="18">${escaped(what)}</text>${rows.join('')}`;
}

function written(value: number | undefined, unit: string): string {
  if (value === undefined) return '–';
  return `${grouped(Number(value.toFixed(value >= 100 ? 0 : 1)))} ${unit}`.trim();
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}
