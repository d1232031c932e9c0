import { SseError } from '../errors.ts';
import type { Cursor } from '../hub/cursor.ts';
import type { Hub } from '../hub/hub.ts';
import type { Authentication } from '../identity/authenticate.ts';
import { NOTHING_SHOWN } from '../identity/grant.ts';
import type { OpenStreams } from './open-streams.ts';
import { grantedTopics, type TopicRight } from './topics.ts';

export interface ReviewParts {
  readonly hub: Hub;
  readonly authentication: Authentication;
  readonly openStreams: OpenStreams;
  readonly topicRight: () => TopicRight;
}

/** What became of the streams that were open. */
export interface Reviewed {
  /** Who is somebody else now, by the same credential. */
  readonly renewed: number;
  /** Who is nobody any more, or has no right to a topic. */
  readonly ended: number;
}

/** After so many clients, other work may run. */
const STEP = 256;

/**
 * Holds every open stream against what counts now. Those who would not be let in by what they came with are out; who is
 * known by other words is judged by them from now on; nobody else notices. Streams that open meanwhile are judged when they do.
 */
export async function reviewStreams(parts: ReviewParts): Promise<Reviewed> {
  let [renewed, ended, looked] = [0, 0, 0];
  for (const cursor of [...parts.hub.clients()]) {
    const outcome = cursor.place === 'gone' ? 'same' : review(cursor, parts);
    if (outcome === 'renewed') renewed++;
    else if (outcome === 'ended') ended++;
    if (++looked % STEP === 0) await new Promise((resume) => setImmediate(resume));
  }
  return { renewed, ended };
}

function review(cursor: Cursor, { authentication, openStreams, topicRight }: ReviewParts): 'same' | 'renewed' | 'ended' {
  const { client, topics } = cursor.client;
  const stream = openStreams.get(client.id);
  const grant = stream?.grant ?? NOTHING_SHOWN;
  try {
    const now = authentication.check(grant);
    const granted = grantedTopics(stream?.askedTopics ?? topics, now, topicRight());
    if (!stream || now === grant) return 'same';
    stream.grant = now;
    stream.ticket?.renew(now);
    cursor.renew({ ...now.identity, topics: granted, client }, now.expiresAt);
    return 'renewed';
  } catch (error) {
    if (!(error instanceof SseError)) throw error;
    cursor.end('revoked');
    return 'ended';
  }
}
