const DURATION_UNITS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
const SIZE_UNITS = { b: 1, kb: 1024, mb: 1024 ** 2, gb: 1024 ** 3 } as const;

/** How a duration is written: a whole number and a unit, or a bare `0`. Units are in lower case, since `M` could be months. */
export const DURATION: RegExp = /^(0|[0-9]+(ms|s|m|h|d))$/;

/** How a size is written: a whole number and a unit, or a bare number of bytes. Upper case means the same. */
export const SIZE: RegExp = /^[0-9]+([bB]|[kKmMgG][bB])?$/;

/** The duration in ms: `500ms`, `3s`, `10m`, `2h`, `7d`, `0`. Undefined if it is not written as one. */
export function parseDuration(text: string): number | undefined {
  if (!DURATION.test(text)) return undefined;
  const digits = Number.parseInt(text, 10);
  return text === '0' ? 0 : digits * DURATION_UNITS[text.replace(/^\d+/, '') as keyof typeof DURATION_UNITS];
}

/** Writes a duration in the largest unit that needs no fraction: 90 000 is `90s`, 7 200 000 is `2h`, 0 is `0s`. */
export function formatDuration(ms: number): string {
  return ms === 0 ? '0s' : inLargest(ms, DURATION_UNITS);
}

/** The size in bytes: `64kb`, `8mb`, `1gb` (of 1024), `100b`, `100`. Undefined if it is not written as one. */
export function parseSize(text: string): number | undefined {
  if (!SIZE.test(text)) return undefined;
  const unit = text.replace(/^\d+/, '').toLowerCase() || 'b';
  return Number.parseInt(text, 10) * SIZE_UNITS[unit as keyof typeof SIZE_UNITS];
}

/** Writes a size in the largest unit that needs no fraction: 65 536 is `64kb`, 1000 is `1000b`. */
export function formatSize(bytes: number): string {
  return bytes === 0 ? '0b' : inLargest(bytes, SIZE_UNITS);
}

function inLargest(amount: number, units: Readonly<Record<string, number>>): string {
  const [unit, factor] = Object.entries(units).findLast(([, factor]) => amount % factor === 0) as [string, number];
  return `${amount / factor}${unit}`;
}
