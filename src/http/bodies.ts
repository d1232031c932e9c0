import type { IncomingMessage } from 'node:http';
import { SseError } from '../errors.ts';
import { readBody } from './body.ts';

/** A small body may take the room that is left when larger ones have so much of it: a few slow senders must not keep others from publishing and revoking. */
const SMALL = 64 * 1024;
const LARGE_SHARE = 3 / 4;

/** Says how much memory is needed in all, in bytes, before it is taken. @throws SseError `overloaded` */
export type Hold = (bytes: number) => void;

/** A request, and what throws if whoever made it may not any more. */
interface Sender {
  readonly req: IncomingMessage;
  recheck(): void;
}

/** How much of request bodies is in memory, and may be. In bytes. */
export interface BodiesUse {
  readonly limit: number;
  readonly used: number;
}

/**
 * Bounds what all request bodies take together: each may be as large as `--body-limit`, and senders as many and as slow as they
 * like. A body counts from its first byte until whatever it says is in the log.
 */
export class Bodies {
  readonly #limit: () => number;
  #used = 0;

  /** @param limit of all bodies together, in bytes; asked each time */
  constructor(limit: () => number) {
    this.#limit = limit;
  }

  get use(): BodiesUse {
    return { limit: this.#limit(), used: this.#used };
  }

  /**
   * Reads a body, and works with it if its sender still may.
   * @param limit of this body, in bytes
   * @param work all of it for which the body, or what was made of it, stays in memory; it says by `hold` how many bytes that is,
   *   if it is far more than the body itself
   * @throws SseError `overloaded`, and what `readBody` and `work` throw
   */
  async with<T>({ req, recheck }: Sender, limit: number, work: (body: Buffer, hold: Hold) => T | Promise<T>): Promise<T> {
    let held = 0;
    const hold = (bytes: number): void => {
      const most = this.#limit() * (bytes > SMALL ? LARGE_SHARE : 1);
      const others = this.#used - held;
      // One alone is always let in: an option may allow a body that is larger than what there is for all of them.
      if (others > 0 && others + bytes > most)
        throw new SseError('overloaded', 'too many bodies are being received at the same time; nothing was done; try again');
      this.#used = others + bytes;
      held = bytes;
    };
    try {
      const body = await readBody(req, limit, hold);
      // Its sender may have taken his time, and another token may be asked for by now.
      recheck();
      return await work(body, hold);
    } finally {
      this.#used -= held;
    }
  }
}
