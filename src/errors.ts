/**
 * The one error class. A mistake that a person or a program made is an `SseError` with a code; anything
 * else that is thrown is a defect of this program. HTTP statuses and exit codes are tables elsewhere
 * (`http/problem.ts`, `cli/main.ts`) that the compiler keeps complete.
 */
export type ErrorCode =
  | 'invalid-event'
  | 'invalid-filter'
  | 'invalid-request'
  | 'invalid-header'
  | 'unauthenticated'
  | 'invalid-credential'
  | 'unverifiable'
  | 'forbidden'
  | 'not-found'
  | 'method-not-allowed'
  | 'not-acceptable'
  | 'conflict'
  | 'timeout'
  | 'too-large'
  | 'uri-too-long'
  | 'unsupported-media-type'
  | 'misdirected'
  | 'too-many-headers'
  | 'at-capacity'
  | 'address-limit'
  | 'identity-limit'
  | 'connect-rate'
  | 'publish-rate'
  | 'not-started'
  | 'stopping'
  | 'overloaded'
  | 'store-failed'
  | 'invalid-config'
  | 'address-in-use'
  | 'store-in-use'
  | 'start-failed'
  | 'request-failed';

/**
 * Why a credential was refused: for logs and counters only, since a client is told the same whatever is wrong. Nothing
 * of the credential is in it.
 */
export type CredentialDefect =
  /** Nobody knows it, and it is no JWT. */
  | 'unknown'
  /** No header, payload or signature can be read in it, or it is too long. */
  | 'malformed'
  /** Its header says something that must not count: a key of its own, an extension. */
  | 'header'
  /** Its `typ` is that of another kind of token. */
  | 'type'
  /** Its algorithm is none that the configured keys are for. */
  | 'algorithm'
  | 'unknown-key'
  | 'signature'
  /** A claim is missing that must be there, or is not what it must be. */
  | 'claims'
  | 'expired'
  | 'not-yet-valid'
  /** It is valid for longer than is allowed. */
  | 'lifetime'
  | 'issuer'
  | 'audience'
  | 'revoked'
  /** It is a ticket, and opens nothing: made up, over, not used in time, or in use. */
  | 'ticket';

/** One thing that is wrong, and where. */
export interface Issue {
  /** Where: a JSON pointer into the body (`/filter`), a query parameter (`?filter`), a header (`X-Filter`) or an option (`--port`). */
  readonly pointer: string;
  /** What is wrong and what to do, one sentence. */
  readonly detail: string;
  /** For a filter: the offset of the mistake in its text, in UTF-16 units from 0. */
  readonly position?: number;
  /** For a filter: the line of its text that holds the mistake, and a second line with a caret under it. */
  readonly excerpt?: string;
}

export class SseError extends Error {
  override readonly name = 'SseError';
  readonly code: ErrorCode;
  readonly issues: readonly Issue[];
  /** Of `invalid-credential`: what is wrong with it. Never for the client. */
  readonly defect: CredentialDefect | undefined;

  constructor(code: ErrorCode, message: string, issues: readonly Issue[] = [], defect?: CredentialDefect) {
    super(message);
    this.code = code;
    this.issues = issues;
    this.defect = defect;
  }

  /** The error for a list of issues: its message joins theirs. */
  static of(code: ErrorCode, issues: readonly Issue[]): SseError {
    return new SseError(
      code,
      issues.map(({ pointer, detail }) => (pointer === '' ? detail : `${pointer}: ${detail}`)).join('; '),
      issues,
    );
  }
}
