import { randomFillSync } from 'node:crypto';

/** Asking the system takes the same time for a few bytes as for many. */
const pool = Buffer.allocUnsafeSlow(4096);
let used = pool.length;

/** So many random bytes as hexadecimal digits, twice as many: nobody can tell the next from them. */
export function randomHex(bytes: number): string {
  if (used + bytes > pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  used += bytes;
  return pool.toString('hex', used - bytes, used);
}
