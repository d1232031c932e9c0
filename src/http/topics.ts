import { SseError } from '../errors.ts';
import { TOPICS_LIMIT, topicProblem } from '../event/draft.ts';
import type { Sizes } from '../event/sizes.ts';
import type { Grant } from '../identity/grant.ts';

/** Whether any topic may be subscribed to, or only those that a credential names. */
export type TopicRight = 'open' | 'claim';

const NO_TOPICS: readonly string[] = Object.freeze([]);

/** The topics that a request asks for. @throws SseError `invalid-request` */
export function askedTopics(query: URLSearchParams, sizes: Sizes): readonly string[] {
  // As publishers write it; without a word, such a client would never get what it came for.
  if (query.has('topics')) throw refuse("is called 'topic' here, once for each", '?topics');
  const topics = query.getAll('topic');
  const problem =
    topics.length > TOPICS_LIMIT
      ? `at most ${TOPICS_LIMIT} topics`
      : topics.map((topic) => topicProblem(topic, sizes)).find((found) => found !== undefined);
  if (problem !== undefined) throw refuse(problem, '?topic');
  return topics.length === 0 ? NO_TOPICS : topics;
}

/**
 * What a stream is subscribed to: what it asks for, and what its credential brings with it.
 * @throws SseError `forbidden` for a topic that needs a right, naming it
 */
export function grantedTopics(
  asked: readonly string[],
  { topics = [], subscribes = [] }: Grant,
  right: TopicRight,
): readonly string[] {
  const refused = right === 'claim' ? asked.find((topic) => !topics.some((granted) => covers(granted, topic))) : undefined;
  if (refused !== undefined)
    throw SseError.of('forbidden', [
      { pointer: '?topic', detail: `${JSON.stringify(refused)} is not among the topics of your credential` },
    ]);
  if (subscribes.length === 0) return asked;
  const all = [...new Set([...asked, ...subscribes])];
  if (all.length > TOPICS_LIMIT) throw refuse(`at most ${TOPICS_LIMIT} topics, with those of the credential`, '?topic');
  return all;
}

/** A topic as it is, or all that begin as `prefix/*` says. */
function covers(granted: string, topic: string): boolean {
  if (!granted.endsWith('/*')) return granted === topic;
  const prefix = granted.slice(0, -1);
  return topic.startsWith(prefix) && topic.length > prefix.length;
}

function refuse(detail: string, pointer: string): SseError {
  return SseError.of('invalid-request', [{ pointer, detail }]);
}
