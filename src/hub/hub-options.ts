import type { Observe } from './activity.ts';
import type { EventLog } from './event-log.ts';
import type { HistoryLimits } from './history.ts';
import type { Meter } from './meter.ts';

/** What a hub is made with. Bounds and times are looked at whenever they matter: whoever gives them by getters may change them under way. */
export interface HubOptions {
  readonly log: EventLog;
  readonly history: HistoryLimits;
  /** Where a stream goes on whose cursor is no good: from the oldest entry kept, or from the head. */
  readonly onGap: 'oldest' | 'latest';
  /** Reconnection time told to every client, in ms. */
  readonly retry: number;
  /** A client that got nothing for this long gets a heartbeat, in ms. */
  readonly heartbeat: number;
  /** Streams end after this long, ± 20 % each, in ms; 0 is never. */
  readonly maxAge: number;
  /** Clients are told this long before their credential ends, in ms. */
  readonly notice: number;
  /** Bytes of the past that all clients together are sent, a second; 0 is no limit. Default: none. */
  readonly replayRate?: number;
  /** A full client that takes nothing for this long is ended as `slow`, in ms. */
  readonly stallTime: number;
  readonly observe: Observe;
  /** Default: nobody measures. */
  readonly meter?: Meter;
  /** Wall clock, ms since 1970. */
  readonly now?: () => number;
  /** A clock that only goes forward, in ms: what streams are timed by. */
  readonly elapsed?: () => number;
  /** Runs a function in a later turn of the event loop, after input was read. */
  readonly defer?: (turn: () => void) => void;
}
