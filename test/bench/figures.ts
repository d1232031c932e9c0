/** One thing that was measured. */
export interface Figure {
  readonly what: string;
  readonly value: number;
  readonly unit: '/s' | 'ms' | '×' | 'MiB' | 's' | '';
  /** What it must not be above, or below, to be accepted; a figure without either is only told. */
  readonly atMost?: number;
  readonly atLeast?: number;
}

export function accepted({ value, atMost = Infinity, atLeast = -Infinity }: Figure): boolean {
  return value <= atMost && value >= atLeast;
}

/** For people: a line for each. */
export function table(figures: readonly Figure[]): string {
  const width = Math.max(...figures.map(({ what }) => what.length));
  return figures.map((figure) => `${figure.what.padEnd(width)}  ${amount(figure).padStart(12)}${verdict(figure)}\n`).join('');
}

function amount({ value, unit }: Figure): string {
  const digits = value >= 100 ? 0 : value >= 10 ? 1 : value >= 1 ? 2 : 3;
  return `${Number.isInteger(value) ? value : value.toFixed(digits)} ${unit}`.trim();
}

function verdict(figure: Figure): string {
  const { atMost, atLeast } = figure;
  if (atMost === undefined && atLeast === undefined) return '';
  const bound = atMost === undefined ? `at least ${atLeast}` : `at most ${atMost}`;
  return `  ${accepted(figure) ? 'ok' : 'MISSED'}, ${bound}`;
}

/** The value that a share of the others (0 to 1) does not exceed. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}
