/** Who a client is. Found once, when its stream opens; never taken from what an anonymous client says of itself (design: "Who a client is"). */
export interface Identity {
  /** Whether a credential stands behind it. Self-declared identities are not authenticated. */
  readonly authenticated: boolean;
  readonly id: string;
  readonly login: string;
  readonly name: string;
  readonly mail: string;
  readonly profile: string;
  /** At most 64. */
  readonly roles: readonly string[];
  /** Everything else that is known. Null prototype, own properties only; the values are JSON. */
  readonly claims: Readonly<Record<string, unknown>>;
}

const NO_CLAIMS: Identity['claims'] = Object.freeze(Object.create(null));

/** The identity of a client that showed no credential. One shared value. */
export const anonymous: Identity = Object.freeze({
  authenticated: false,
  id: '',
  login: '',
  name: '',
  mail: '',
  profile: '',
  roles: Object.freeze([]),
  claims: NO_CLAIMS,
});

/** Makes a frozen identity from parts; what is left out is empty. Claims are copied onto a null prototype. */
export function identity(parts: Partial<Identity>): Identity {
  const claims = parts.claims ? Object.freeze(Object.assign(Object.create(null), parts.claims)) : NO_CLAIMS;
  return Object.freeze({ ...anonymous, ...parts, roles: Object.freeze([...(parts.roles ?? [])]), claims });
}

/**
 * A connected event stream as audiences, lists and logs see it. Filters evaluate over exactly these names, so
 * this object is the filter's context: nothing is copied when an event is matched.
 */
export interface Client extends Identity {
  /** What it subscribed to; at most 64. */
  readonly topics: readonly string[];
  readonly client: {
    /** Random, new for each connection. */
    readonly id: string;
    /** The peer's address, or what a trusted proxy said of it. */
    readonly ip: string;
    /** What the answer and the log name the request by that opened it, if it came by HTTP. */
    readonly requestId?: string;
  };
}
