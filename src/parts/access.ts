import type { Options } from '../config/options.ts';
import { SseError } from '../errors.ts';
import { askApplication } from '../http/ask.ts';
import { OpenStreams } from '../http/open-streams.ts';
import type { Observe } from '../hub/activity.ts';
import { Authentication } from '../identity/authenticate.ts';
import { type Authority, answeredGrant, type RequestView } from '../identity/authority.ts';
import { type RevocationKeeper, Revocations } from '../identity/revocations.ts';
import { Tickets } from '../identity/tickets.ts';
import { openVerifiers } from './verifiers.ts';

/**
 * Says who a client is, in code: an object with `id` or `login` and whatever else is known (`name`, `mail`, `profile`, `roles`,
 * `topics`, `expiresIn` in seconds; the rest becomes `claims`), or nothing for nobody in particular.
 */
export type Authenticate = (request: RequestView) => object | null | undefined | Promise<object | null | undefined>;

/** Everything that has to do with who may connect, and how long that lasts. */
export interface Access {
  readonly authentication: Authentication;
  readonly tickets: Tickets;
  readonly revocations: Revocations;
  readonly openStreams: OpenStreams;
  /** Whether there is anything to find out by who somebody is. */
  readonly isConfigured: boolean;
  /** Sentences for the log: what is legal but should not stay. */
  readonly warnings: readonly string[];
}

export interface AccessParts {
  readonly observe: Observe;
  readonly keeper: RevocationKeeper;
  readonly authenticate: Authenticate | undefined;
  /** Whether a client's own word counts now, where nothing is configured. */
  readonly selfDeclared: () => boolean;
}

/** Reads what the options name, and takes in what was revoked before. @throws SseError `invalid-config` */
export async function openAccess(
  options: Options,
  { observe, keeper, authenticate, selfDeclared }: AccessParts,
): Promise<Access> {
  const { verifiers, warnings } = await openVerifiers(options, observe);
  const authority = authorityOf(options, authenticate, observe);
  const clocks = { now: Date.now, elapsed: () => performance.now() };
  const tickets = new Tickets(clocks);
  // Tokens of a users file have no end, and neither has what is revoked of them.
  const lifetime = options.users === undefined && !authority ? options.jwtMaxLifetime : Infinity;
  const revocations = new Revocations({ keeper, lifetime, now: Date.now });
  await revocations.restore();
  return {
    authentication: new Authentication({
      verifiers,
      ...(authority && { authority }),
      tickets,
      revocations,
      required: options.requireAuth,
      selfDeclared,
    }),
    tickets,
    revocations,
    openStreams: new OpenStreams(),
    isConfigured: verifiers.length > 0 || authority !== undefined,
    warnings: [...warnings, ...(options.allowQueryToken ? [QUERY_TOKEN] : [])],
  };
}

const QUERY_TOKEN =
  '--allow-query-token: tokens in URLs end up in histories and in the logs of proxies; POST /sse/ticket gives one that opens a single stream';

function authorityOf({ authUrl }: Options, authenticate: Authenticate | undefined, observe: Observe): Authority | undefined {
  if (authenticate) return inCode(authenticate, observe);
  return authUrl === undefined ? undefined : askApplication({ url: authUrl, now: Date.now, observe });
}

/** A function of whoever uses the library. What it throws is its own mistake, unless it says what it means. */
function inCode(authenticate: Authenticate, observe: Observe): Authority {
  return async (request) => {
    try {
      const answer = await authenticate(request);
      return answer === null || answer === undefined ? undefined : answeredGrant(answer, Date.now());
    } catch (error) {
      if (error instanceof SseError) throw error;
      observe({ kind: 'failed', what: 'authenticate() threw, or its answer cannot be used', error });
      throw new SseError('unverifiable', 'who you are cannot be found out at the moment; try again later');
    }
  };
}
