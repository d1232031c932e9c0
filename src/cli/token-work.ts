import type { Readable, Writable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { explainToken } from './explain-token.ts';
import { mintToken } from './mint-token.ts';
import type { TokenOrder } from './token-order.ts';

/** The streams of the process. */
interface Streams {
  readonly stdin: Readable;
  readonly stdout: Pick<Writable, 'write'>;
}

/** Makes or explains a token. @returns the exit code: 1 for a token that is not valid @throws SseError with what kept it from it */
export async function workOnToken(order: TokenOrder, { stdin, stdout }: Streams): Promise<number> {
  if (order.what === 'create') {
    stdout.write(`${await mintToken(order, Date.now())}\n`);
    return 0;
  }
  const given = order.token === '-' ? await text(stdin) : order.token;
  // Whoever copies a token copies a line break with it; the server gets it without.
  const { valid, text: explanation } = await explainToken(given.trim(), order.loaded.options, Date.now());
  stdout.write(explanation);
  return valid ? 0 : 1;
}
