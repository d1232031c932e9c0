/** How large what people give may be. Each server has its own; whatever reads their input is told which. */
export interface Sizes {
  /** Of a filter, in bytes. */
  readonly filterLimit: number;
  /** Of a topic, and of the key of `supersedes`, in characters. */
  readonly topicLimit: number;
  /** Of a publisher's own id, in characters. */
  readonly idLimit: number;
  /** Of an event's type, in characters. */
  readonly typeLimit: number;
}

/** Where nobody says otherwise. */
export const DEFAULT_SIZES: Sizes = Object.freeze({ filterLimit: 1024, topicLimit: 128, idLimit: 64, typeLimit: 128 });

/**
 * For what somebody else judges, or has judged: what a command sends to a server that has limits of its own, and what was
 * stored while other limits held.
 */
export const ANY_SIZE: Sizes = Object.freeze({
  filterLimit: Infinity,
  topicLimit: Infinity,
  idLimit: Infinity,
  typeLimit: Infinity,
});
