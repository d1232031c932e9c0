/** Numbers as the dashboard writes them. */

/** A whole number, its thousands apart by a thin space: 1 204. @param {number} value */
export const whole = (value) => Math.round(value).toLocaleString('en').replaceAll(',', '\u202f');

/** A rate: with a decimal as long as it is small. @param {number} value */
export const rate = (value) => (value > 0 && value < 10 ? value.toFixed(1) : whole(value));

const UNITS = ['B', 'KB', 'MB', 'GB', 'TB'];

/** A size, in units of 1000. @param {number} bytes */
export function size(bytes) {
  let unit = 0;
  let value = bytes;
  while (value >= 999.5 && unit < UNITS.length - 1) {
    value /= 1_000;
    unit++;
  }
  return `${unit > 0 && value < 10 ? value.toFixed(1) : whole(value)} ${UNITS[unit]}`;
}

/** A time that is short. @param {number} seconds */
export function delay(seconds) {
  const ms = seconds * 1_000;
  if (ms < 10) return `${ms.toFixed(1)} ms`;
  return ms < 1_000 ? `${whole(ms)} ms` : `${seconds.toFixed(1)} s`;
}

/** How long something has lasted: 5 s, 12 min, 3 h, 2 d. @param {number} ms */
export function age(ms) {
  const seconds = Math.max(0, Math.floor(ms / 1_000));
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} min`;
  return seconds < 172_800 ? `${Math.floor(seconds / 3_600)} h` : `${Math.floor(seconds / 86_400)} d`;
}

/** @param {number} count @param {string} one @param {string} [many] */
export const counted = (count, one, many = `${one}s`) => `${whole(count)} ${count === 1 ? one : many}`;
