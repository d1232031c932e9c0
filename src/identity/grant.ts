import { type CredentialDefect, SseError } from '../errors.ts';
import { anonymous, type Identity } from '../event/identity.ts';

/** What a credential proves: who its bearer is, and how far that goes. */
export interface Grant {
  readonly identity: Identity;
  /** When it ends, in ms since 1970 by the wall clock. Never: it ends with the configuration only. */
  readonly expiresAt?: number;
  /** When it was issued, in ms since 1970, if that is known. */
  readonly issuedAt?: number;
  /** Tells this credential from others, where it is a token: a hash of it. */
  readonly fingerprint?: string;
  /** By what a users file has it: it holds as long as it stands there. A hash of its token. */
  readonly entry?: string;
  /** Who said so, where that is no token: it holds as long as that is who is asked. */
  readonly authority?: object;
  /** The name of this one credential (`jti`), by which it can be revoked. */
  readonly tokenId?: string;
  /** Whom it is about (`sub`), by which all of theirs can be revoked. Not always the identity's `id`, which may be mapped from another claim. */
  readonly subject?: string;
  /** What may be subscribed to with it: topics as they are, or `prefix/*`; at most 64. Undefined: it says nothing of topics. */
  readonly topics?: readonly string[];
  /** What its bearer is subscribed to besides what it asks for. */
  readonly subscribes?: readonly string[];
}

/** What is proved by no credential at all. One shared value. */
export const NOTHING_SHOWN: Grant = Object.freeze({ identity: anonymous });

/** The error for a bad credential. Its message is one for every defect (RFC 6750 §3.1 has one code for all): whoever guesses learns nothing. */
export function badCredential(defect: CredentialDefect): SseError {
  return new SseError('invalid-credential', 'the credential is not valid', [], defect);
}
