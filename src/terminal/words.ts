/** `1 client`, `2 clients`. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

const UNITS = [
  ['d', 86_400],
  ['h', 3600],
  ['min', 60],
  ['s', 1],
] as const;

/** A duration for a person, its two largest units: `12 s`, `3 min 20 s`, `2 d 4 h`. Below a second `0.3 s`. @param ms at least 0 */
export function duration(ms: number): string {
  if (ms < 950) return `${(Math.max(0, ms) / 1000).toFixed(1)} s`;
  let rest = Math.round(ms / 1000);
  const first = UNITS.findIndex(([, seconds]) => rest >= seconds);
  const parts: string[] = [];
  for (const [unit, seconds] of UNITS.slice(first, first + 2)) {
    const count = Math.floor(rest / seconds);
    if (count > 0) parts.push(`${count} ${unit}`);
    rest -= count * seconds;
  }
  return parts.join(' ');
}
