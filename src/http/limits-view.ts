import { DRAFT_LIMITS } from '../event/draft.ts';
import { FILTER_LIMITS } from '../event/expression.ts';
import type { Sizes } from '../event/sizes.ts';
import { MAX_LINES } from './batch.ts';
import type { Bodies } from './bodies.ts';
import { MAX_HEADERS } from './exchange.ts';
import type { Limits } from './limits.ts';
import type { Places } from './places.ts';

export interface LimitsViewParts {
  readonly limits: Limits;
  readonly places: Places;
  /** Bytes of a head, of the URL in it, and of a body. */
  readonly headerLimit: number;
  readonly urlLimit: number | undefined;
  readonly bodyLimit: number;
  readonly bodies: Bodies;
  readonly sizes: Sizes;
  /** How many clients wait for their share of the replay rate. */
  readonly held: () => number;
}

/** Every limit with what is used of it, for `GET /admin/stats`: null is no limit. Sizes are in bytes, where nothing else is said. */
export function limitsView({ limits, places, headerLimit, urlLimit, bodyLimit, bodies, sizes, held }: LimitsViewParts): object {
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
      head: headerLimit,
      url: Math.min(urlLimit ?? headerLimit, headerLimit),
      headerLines: MAX_HEADERS,
      body: bodyLimit,
      batchLines: MAX_LINES,
      filter: sizes.filterLimit,
      filterOperators: FILTER_LIMITS.operators,
      typeCharacters: sizes.typeLimit,
      topicCharacters: sizes.topicLimit,
      topics: DRAFT_LIMITS.topics,
      except: DRAFT_LIMITS.except,
      ownIdCharacters: sizes.idLimit,
    },
  };
}
