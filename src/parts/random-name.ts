import { randomHex } from '../random.ts';

/** Random, short, letters and digits only: for epochs and client ids. */
export function randomName(): string {
  return randomHex(5);
}
