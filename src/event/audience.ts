import type { Filter } from './filter.ts';
import type { Client } from './identity.ts';

/** Who may receive an event. Everything that is given must hold; nothing given is everyone. */
export interface Audience {
  readonly filter?: Filter;
  /** Clients that subscribed to any of these. */
  readonly topics?: readonly string[];
  /** Ids of connections (`client.id`) or of identities that are left out; the latter on replay too. */
  readonly except?: readonly string[];
  /** In code only: any function of the client. Such an event is live only: it is never stored and never replayed. */
  readonly match?: (client: Client) => boolean;
}

export const everyone: Audience = Object.freeze({});

/** Of an event that is never told again: it was redacted, or for whom it was is not known any more. */
export const nobody: Audience = Object.freeze({ match: () => false });

export function isEveryone(audience: Audience): boolean {
  return !audience.filter && !audience.topics && !audience.except && !audience.match;
}

/** What an audience takes in memory, roughly, in bytes; a compiled filter is some forty times its text. */
export function sizeOf({ filter, topics, except }: Audience): number {
  return 40 * (filter?.source.length ?? 0) + (topics ? sizeOfTexts(topics) : 0) + (except ? sizeOfTexts(except) : 0);
}

function sizeOfTexts(texts: readonly string[]): number {
  return texts.reduce((sum, text) => sum + 2 * text.length + 24, 0);
}

/** A text that audiences have in common which say the same, whichever event brought them. Of a function it says nothing. */
export function nameOf(audience: Audience): string {
  if (isEveryone(audience)) return '';
  const { filter, topics, except } = audience;
  return JSON.stringify([filter?.source, topics, except]);
}

/**
 * Whether a client may receive an event. `live`: the event came after the client attached; otherwise this is a
 * replay, judged by who the client is now. A `match` function that throws does not match, and is reported once
 * per event by `onError` instead of ending the fan-out.
 */
export function admits(audience: Audience, client: Client, live: boolean, onError?: (error: unknown) => void): boolean {
  const { filter, topics, except, match } = audience;
  if (except?.some((id) => id === client.client.id || (id === client.id && id !== ''))) return false;
  if (topics && !topics.some((topic) => client.topics.includes(topic))) return false;
  if (filter && !filter.matches(client)) return false;
  if (!match) return true;
  if (!live) return false;
  try {
    return match(client) === true;
  } catch (error) {
    onError?.(error);
    return false;
  }
}
