import { statSync } from 'node:fs';
import { join } from 'node:path';
import { SseError } from '../errors.ts';
import { type DraftInput, parseDraft } from '../event/draft.ts';
import type { Sizes } from '../event/sizes.ts';
import { historyLine } from '../http/history-line.ts';
import { parseSelection } from '../http/selection.ts';
import { Archive } from '../hub/archive.ts';
import type { EventLog } from '../hub/event-log.ts';
import { History } from '../hub/history.ts';
import { openKeeping } from '../parts/keeping.ts';
import { adminTokenOf } from '../parts/verifiers.ts';
import { AdminClient } from './admin-client.ts';
import type { HistoryOrder } from './history-order.ts';

/** Where events are read from and published to, whether its server runs or not. */
export interface Place {
  /** The selected events as lines of JSON, in pieces of any size. */
  read(selection: HistoryOrder['selection']): AsyncIterable<Uint8Array>;
  /** Publishes in order. @param published is called for each that is kept */
  publish(drafts: readonly DraftInput[], published: () => void): Promise<void>;
  close(): Promise<void>;
}

/** @param warn hears of damage in a store: sentences @throws SseError `store-in-use`, `start-failed`, `invalid-config` */
export async function openPlace({ what, place, loaded }: HistoryOrder, warn: (message: string) => void): Promise<Place> {
  if ('url' in place) return new RunningServer(new AdminClient(place.url, adminTokenOf(loaded.options)));
  // Opening it would make an empty one, and an empty file would pass for a backup.
  if (what === 'export' && !statSync(join(place.store, 'CURRENT'), { throwIfNoEntry: false }))
    throw SseError.of('invalid-config', [{ pointer: '--store', detail: `there is no store in ${place.store}` }]);
  const { log } = await openKeeping(loaded.options, (activity) => {
    if (activity.kind === 'failed') warn(activity.what);
  });
  return new StoppedServer(log, loaded.options);
}

class RunningServer implements Place {
  readonly #admin: AdminClient;

  constructor(admin: AdminClient) {
    this.#admin = admin;
  }

  async *read(selection: HistoryOrder['selection']): AsyncIterable<Uint8Array> {
    const response = await this.#admin.get(`/admin/history?${new URLSearchParams({ ...selection, format: 'ndjson' })}`);
    try {
      yield* response;
    } catch (error) {
      throw new SseError('request-failed', `the answer broke off: ${(error as Error).message}`);
    }
  }

  async publish(drafts: readonly DraftInput[], published: () => void): Promise<void> {
    // One after another: between two requests at once there is no order.
    for (const draft of drafts) {
      await this.#admin.post('/admin/broadcast', draft);
      published();
    }
  }

  async close(): Promise<void> {
    this.#admin.close();
  }
}

class StoppedServer implements Place {
  readonly #log: EventLog;
  readonly #sizes: Sizes;

  constructor(log: EventLog, sizes: Sizes) {
    this.#log = log;
    this.#sizes = sizes;
    log.follow(() => 0);
  }

  async *read(selection: HistoryOrder['selection']): AsyncIterable<Uint8Array> {
    const ring = new History({ events: 1, age: 0, bytes: 0 }, this.#log.head + 1);
    const archive = new Archive({ log: this.#log, ring, redacted: () => {} });
    for await (const entry of archive.select(parseSelection(selection, Date.now(), (field) => `--${field}`, this.#sizes)))
      yield Buffer.from(`${historyLine(entry)}\n`);
  }

  async publish(drafts: readonly DraftInput[], published: () => void): Promise<void> {
    for (const _ of await this.#log.append(drafts.map((draft) => parseDraft(draft, undefined, this.#sizes)))) published();
  }

  close(): Promise<void> {
    return this.#log.close();
  }
}
