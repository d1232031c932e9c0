import { DRAFT_LIMITS } from '../event/draft.ts';
import { FILTER_LIMITS } from '../event/expression.ts';
import { MAX_LINES } from './batch.ts';
import type { Bodies } from './bodies.ts';
import { MAX_HEADERS } from './exchange.ts';
import type { Limits } from './limits.ts';
import type { Places } from './places.ts';
import { HEADER_LIMIT } from './server.ts';

export interface LimitsViewParts {
  readonly limits: Limits;
  readonly places: Places;
  /** In bytes. */
  readonly bodyLimit: number;
  readonly bodies: Bodies;
  /** How many clients wait for their share of the replay rate. */
  readonly held: () => number;
}

/** Every limit with what is used of it, for `GET /admin/stats`: null is no limit. Sizes are in bytes, where nothing else is said. */
export function limitsView({ limits, places, bodyLimit, bodies, held }: LimitsViewParts): object {
  const { maxClientsPerAddress, maxClientsPerIdentity, connectRate, publishRate, replayRate } = limits.values;
  const { taken, opening, mostOfAddress, mostOfIdentity } = places.use;
  return {
    clients: { limit: limits.maxClients, used: taken, opening },
    clientsPerAddress: { limit: maxClientsPerAddress || null, most: mostOfAddress },
    clientsPerIdentity: { limit: maxClientsPerIdentity || null, most: mostOfIdentity },
    connectRate: { limit: connectRate || null },
    publishRate: { limit: publishRate || null },
    replayRate: { limit: replayRate || null, waiting: held() },
    bodies: { ...bodies.use },
    sizes: {
      // The request line with its URL is part of it.
      head: HEADER_LIMIT,
      headerLines: MAX_HEADERS,
      body: bodyLimit,
      batchLines: MAX_LINES,
      filter: FILTER_LIMITS.bytes,
      filterOperators: FILTER_LIMITS.operators,
      typeCharacters: DRAFT_LIMITS.type,
      topicCharacters: DRAFT_LIMITS.topic,
      topics: DRAFT_LIMITS.topics,
      except: DRAFT_LIMITS.except,
      ownIdCharacters: DRAFT_LIMITS.ownId,
    },
  };
}
