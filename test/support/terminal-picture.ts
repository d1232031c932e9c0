import { ESC } from '../../src/terminal/escape.ts';

/** A window for what a program wrote to its terminal. */
export interface TerminalWindow {
  readonly title: string;
  readonly columns: number;
  /** Of more lines the last ones are shown, as a terminal does. */
  readonly rows: number;
}

interface Cell {
  readonly character: string;
  /** Class names, as in `STYLE`. */
  readonly look: string;
}

// CSI sequences (ECMA-48) and characters, one by one.
const TOKEN = new RegExp(`${ESC}\\[[0-?]*[ -/]*[@-~]|[^]`, 'gu');
const SEQUENCE = new RegExp(`^${ESC}\\[([0-9;?]*)([A-Za-z])$`);

/** Select Graphic Rendition, as far as the program uses it: how strong, and in which colour. */
const WEIGHTS: Readonly<Record<string, string>> = { 1: 'bold', 2: 'dim', 22: '' };
const COLORS: Readonly<Record<string, string>> = { 31: 'red', 32: 'green', 33: 'yellow', 36: 'cyan', 39: '', 90: 'gray' };

const STYLE = `
  body { margin: 0; }
  .window { width: max-content; border: 1px solid #3a4046; border-radius: 10px; overflow: hidden; background: #16181b; color: #e9e7e2;
    font: 14px / 1.5 ui-monospace, "SF Mono", "Cascadia Code", "JetBrains Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace; }
  .title { display: flex; gap: 8px; align-items: center; padding: 10px 14px; background: #22262a; }
  .title i { width: 12px; height: 12px; border-radius: 50%; background: #444b52; }
  .title b { flex: 1; margin-right: 52px; color: #a3a8af; font-size: 13px; font-weight: 500; line-height: 1; text-align: center; }
  pre { margin: 0; padding: 14px 18px 16px; font: inherit; }
  .bold { font-weight: 700; }
  .dim { color: #a3a8af; }
  .gray { color: #8b9199; }
  .red { color: #ff9aa9; }
  .green { color: #74c585; }
  .yellow { color: #f0bd6c; }
  .cyan { color: #6cc7dd; }`;

/** A document with one element, `.window`: the terminal as it looks after the program wrote `raw`, empty lines around it left away. */
export function terminalPicture(raw: string, { title, columns, rows }: TerminalWindow): string {
  const lines = drawn(raw, columns).slice(-rows).map(markup);
  const full = lines.map((line) => line !== '');
  const shown = lines.slice(full.indexOf(true), full.lastIndexOf(true) + 1);
  return `<!doctype html><meta charset="utf-8"><style>${STYLE}</style>
<div class="window"><div class="title"><i></i><i></i><i></i><b>${escapeHtml(title)}</b></div><pre style="min-width:${columns}ch">${shown.join('\n')}</pre></div>`;
}

/** Obeys what the screen writes, and throws at anything else: a picture must not show it wrong. */
function drawn(raw: string, columns: number): Cell[][] {
  const lines: Cell[][] = [[]];
  let [line, column, weight, color] = [0, 0, '', ''];
  const turnTo = (at: number): Cell[] => {
    line = Math.max(0, at);
    while (lines.length <= line) lines.push([]);
    return lines[line] ?? [];
  };
  const look = (code: string) => {
    if (code === '' || code === '0') weight = color = '';
    else if (Object.hasOwn(WEIGHTS, code)) weight = WEIGHTS[code] ?? '';
    else if (Object.hasOwn(COLORS, code)) color = COLORS[code] ?? '';
    else throw new Error(`the picture does not know the look ${code}`);
  };
  for (const token of raw.match(TOKEN) ?? []) {
    const [, parameters = '', command] = SEQUENCE.exec(token) ?? [];
    if (command === 'm') for (const code of parameters.split(';')) look(code);
    else if (command === 'K' && parameters === '') turnTo(line).splice(column);
    else if (command === 'A') turnTo(line - Number(parameters || 1));
    else if (token === '\r') column = 0;
    else if (token === '\n') turnTo(line + 1);
    else if (token < ' ') throw new Error(`the picture does not know ${JSON.stringify(token)}`);
    else {
      if (column === columns) {
        turnTo(line + 1);
        column = 0;
      }
      turnTo(line)[column++] = { character: token, look: `${weight} ${color}`.trim() };
    }
  }
  return lines;
}

/** One element for each run of cells that look the same. */
function markup(cells: readonly Cell[]): string {
  let [html, last] = ['', ''];
  for (const { character, look } of cells) {
    if (look !== last) html += `${last && '</span>'}${look && `<span class="${look}">`}`;
    html += escapeHtml(character);
    last = look;
  }
  return html + (last && '</span>');
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}
