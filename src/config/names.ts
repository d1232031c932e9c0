/** What every variable of this program begins with. */
export const VARIABLE_PREFIX = 'SSE_SERVER_';

/** The flag of an option: `ssePath` is `--sse-path`. */
export function flagOf(name: string): string {
  return `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

/** The environment variable of an option: `ssePath` is `SSE_SERVER_SSE_PATH`. */
export function variableOf(name: string): string {
  return VARIABLE_PREFIX + name.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase();
}
