import type { Options } from '../config/options.ts';
import { SseError } from '../errors.ts';
import { askApplication } from '../http/ask.ts';
import { OpenStreams } from '../http/open-streams.ts';
import type { Observe } from '../hub/activity.ts';
import { Authentication, type Means } from '../identity/authenticate.ts';
import { type Authority, answeredGrant, type RequestView } from '../identity/authority.ts';
import { type RevocationKeeper, Revocations } from '../identity/revocations.ts';
import { Tickets } from '../identity/tickets.ts';
import { openVerifiers, type ReadFile, read as readFile, reopenVerifiers, type Verifiers } from './verifiers.ts';

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
  /** Sentences for the log: what is legal but should not stay. */
  readonly warnings: readonly string[];
  /**
   * Reads what other options name. Nothing has changed until the answer's `apply` is called.
   * @throws SseError `invalid-config`
   */
  prepare(options: Options, read: ReadFile): Promise<PreparedAccess>;
}

/** Another configuration, read and good. */
export interface PreparedAccess {
  readonly warnings: readonly string[];
  /** From now on, clients are found out by it. */
  apply(): void;
}

export interface AccessParts {
  readonly observe: Observe;
  readonly keeper: RevocationKeeper;
  readonly authenticate: Authenticate | undefined;
  /** Whether a client's own word counts now, where nothing is configured. */
  readonly selfDeclared: () => boolean;
  /** How files are read. Default: from where they are. */
  readonly read?: ReadFile;
}

/** Reads what the options name, and takes in what was revoked before. @throws SseError `invalid-config` */
export async function openAccess(
  options: Options,
  { observe, keeper, authenticate, selfDeclared, read = readFile }: AccessParts,
): Promise<Access> {
  const meansOf = (to: Options, { verifiers }: Verifiers, authority: Authority | undefined): Means => ({
    verifiers,
    ...(authority && { authority }),
    required: to.requireAuth,
  });
  let current = {
    options,
    verifiers: await openVerifiers(options, observe, read),
    authority: authorityOf(options, authenticate, observe),
  };
  const tickets = new Tickets({ now: Date.now, elapsed: () => performance.now() });
  const lifetime = () => longestOf(current.options, current.authority);
  const revocations = new Revocations({ keeper, lifetime, now: Date.now });
  await revocations.restore();
  const means = meansOf(options, current.verifiers, current.authority);
  const authentication = new Authentication({ ...means, tickets, revocations, selfDeclared });
  const prepare: Access['prepare'] = async (next, readAnew) => {
    const verifiers = await reopenVerifiers(next, { observe, read: readAnew, former: current.verifiers });
    // It knows whom it has just been asked about, and how many wait.
    const isSame = next.authUrl === current.options.authUrl;
    const authority = isSame ? current.authority : authorityOf(next, authenticate, observe);
    const apply = () => {
      current = { options: next, verifiers, authority };
      authentication.use(meansOf(next, verifiers, authority));
    };
    return { warnings: warningsOf(next, verifiers), apply };
  };
  const warnings = warningsOf(options, current.verifiers);
  return { authentication, tickets, revocations, openStreams: new OpenStreams(), warnings, prepare };
}

/** How long a credential may be valid. Tokens of a users file have no end, and neither has what is revoked of them. */
function longestOf({ users, jwtMaxLifetime }: Options, authority: Authority | undefined): number {
  return users === undefined && !authority ? jwtMaxLifetime : Infinity;
}

function warningsOf({ allowQueryToken }: Options, { warnings }: Verifiers): readonly string[] {
  return [...warnings, ...(allowQueryToken ? [QUERY_TOKEN] : [])];
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
