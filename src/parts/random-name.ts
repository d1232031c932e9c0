import { randomBytes } from 'node:crypto';

/** Random, short, letters and digits only: for epochs and client ids. */
export function randomName(): string {
  return randomBytes(5).toString('hex');
}
