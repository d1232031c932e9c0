import { checkSize, Language } from './expression.ts';
import { DEFAULT_SIZES, type Sizes } from './sizes.ts';

/** What is known of an event that was published: the variables of an event filter. */
interface PublishedEvent {
  readonly id: string;
  /** The event type. */
  readonly event: string;
  readonly data: string;
  /** The topics it was published to; none if it was published to no topic. */
  readonly topics: readonly string[];
  readonly time: Date;
}

/** A compiled event filter: CEL over what was published. Not to be taken for a `Filter`, which is over a client. */
export interface EventFilter {
  /** Whether the event matches. Never throws: what cannot be decided does not match. */
  matches(event: PublishedEvent): boolean;
}

const language = new Language({
  variables: {
    id: 'string',
    event: 'string',
    data: 'string',
    topics: 'list<string>',
    time: 'google.protobuf.Timestamp',
  } satisfies Record<keyof PublishedEvent, string>,
});

/**
 * Compiles an event filter: `event == "price" && "eur" in topics`, `time > timestamp("2026-11-22T10:00:00Z")`.
 * The bounds and the functions are those of every filter.
 *
 * @throws SseError `invalid-filter`
 */
export function compileEventFilter(source: string, pointer = '/filter', sizes: Sizes = DEFAULT_SIZES): EventFilter {
  checkSize(source, pointer, sizes);
  return Object.freeze({ matches: language.parse(source, pointer, 'to select every event').evaluate });
}
