import type { Client } from '../event/identity.ts';
import type { Cursor } from '../hub/cursor.ts';
import type { Grant } from '../identity/grant.ts';
import type { TicketUse } from '../identity/tickets.ts';

/** A stream that was opened with a credential. */
export interface OpenStream {
  readonly cursor: Cursor;
  /** What its credential proves; another one after a renewal. */
  grant: Grant;
  /** Those before it, which may be as good as ever. */
  readonly former: Grant[];
  readonly ticket: TicketUse | undefined;
  /** What it asked for, without what its credential brought with it. */
  readonly askedTopics: readonly string[];
}

/** Streams that were opened with a credential, by which they can be renewed and revoked while they are open. */
export class OpenStreams {
  readonly #streams = new Map<string, OpenStream>();

  add(stream: OpenStream): void {
    this.#streams.set(stream.cursor.client.client.id, stream);
  }

  /** A stream has ended. */
  left({ client }: Client): void {
    const stream = this.#streams.get(client.id);
    if (!stream) return;
    this.#streams.delete(client.id);
    stream.ticket?.release();
  }

  get(client: string): OpenStream | undefined {
    return this.#streams.get(client);
  }

  all(): Iterable<OpenStream> {
    return this.#streams.values();
  }
}
