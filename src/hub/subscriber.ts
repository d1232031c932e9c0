import type { CloseReason } from './activity.ts';

/** The hub's port to a client: somewhere to put bytes. The hub never sees a socket. */
export interface Subscriber {
  /**
   * Takes bytes of event stream, whole frames, in order.
   * Returns true if all of it has left this process's memory. If false, the hub must not write again until the
   * stream has called `cursor.drained()`, which it must do once everything has left; the last frames before an
   * `end` are the one exception. Must not throw.
   */
  write(bytes: Uint8Array): boolean;
  /** How many bytes its peer has taken, as far as can be known; only differences count. Asked while it is full. */
  readonly taken: number;
  /** The hub is done with this client and has forgotten it. Must end the stream, at once for `slow`. Must not call back. */
  end(reason: CloseReason): void;
}
