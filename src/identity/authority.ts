import { SseError } from '../errors.ts';
import { claimMapping, readClaims } from './claims.ts';
import type { Grant } from './grant.ts';

/** A request as those see it who decide by the whole of it. */
export interface RequestView {
  /** By lower-case name. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly query: URLSearchParams;
  /** The client's address. */
  readonly ip: string;
  /** Whether nobody waits for the answer any more. */
  readonly isGone?: () => boolean;
}

/**
 * Decides by the whole request who a client is: the application behind `--auth-url`, or a function of whoever uses the
 * library. Undefined is nobody in particular.
 *
 * @throws SseError `unauthenticated`, `invalid-credential`, `forbidden`; `unverifiable` where it cannot be found out now
 */
export type Authority = (request: RequestView) => Promise<Grant | undefined>;

const MAPPING = claimMapping([]);
/** Beyond that it is no lifetime but a mistake of units. */
const MAX_LIFETIME = 366 * 86_400;

/**
 * What an application says of a client: the fields of an identity under the names that tokens use as well (`id` or `sub`,
 * `login`, `name`, `mail` or `email`, `profile`, `roles`), `topics` to subscribe it to and to let it subscribe to, and
 * `expiresIn`, in seconds. Everything else becomes `claims`.
 *
 * @throws Error with a sentence, where it is not that; the application is wrong then, not the client
 */
export function answeredGrant(answer: unknown, now: number): Grant {
  if (typeof answer !== 'object' || answer === null || Array.isArray(answer))
    throw new Error('its answer is no object such as {"id":"7","profile":"Administrator"}');
  const { expiresIn, ...claims } = answer as Record<string, unknown>;
  if (expiresIn !== undefined && !(typeof expiresIn === 'number' && expiresIn > 0 && expiresIn <= MAX_LIFETIME))
    throw new Error('its expiresIn is no number of seconds');
  try {
    const read = readClaims(claims, MAPPING);
    // Without any of them, it is hardly an identity: more likely the answer of some other page.
    if (read.identity.id === '' && read.identity.login === '') throw new Error('its answer has neither an id nor a login');
    return {
      ...read,
      issuedAt: now,
      ...(expiresIn !== undefined && { expiresAt: now + expiresIn * 1000 }),
      ...(read.topics && { subscribes: read.topics.filter((topic) => !topic.endsWith('/*')) }),
    };
  } catch (error) {
    throw error instanceof SseError
      ? new Error('a field of its answer is not what it must be: text of up to 256 characters, or a list of up to 64 such texts')
      : error;
  }
}
