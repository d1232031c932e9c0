import type { CredentialDefect, Issue } from '../errors.ts';
import type { Client } from '../event/identity.ts';

/** Why a stream ended: in log, metrics, API and tests alike. `left` is a client that went by itself, `complete` one that wanted the past only. */
export type CloseReason =
  | 'left'
  | 'complete'
  | 'shutdown'
  | 'slow'
  | 'kicked'
  | 'expired'
  | 'revoked'
  | 'max-age'
  | 'refused'
  | 'error';

/** Why a resume could not be exact (design: "Resume"). */
export type GapReason = 'evicted' | 'epoch' | 'unknown' | 'corrupt';

/** What is otherwise with an option after a reload. */
export interface OptionChange {
  readonly name: string;
  /** Its values, as people write them, where they differ. */
  readonly old?: unknown;
  readonly new?: unknown;
  /** The file that it names, where that holds something else now. */
  readonly file?: string;
}

/** Who asked for a reload. */
export type ReloadSource = 'signal' | 'http' | 'terminal';

/** What comes of an HTTP request says which; it is what its answer carries as `X-Request-Id`. Streams have theirs in `client`. */
interface OfRequest {
  readonly requestId?: string;
}

/**
 * What happens in a server, as values. Parts report to one `observe` function; log lines, terminal lines and
 * counters are made from these and from nothing else. Never one per delivery.
 */
export type Activity =
  | { readonly kind: 'opened'; readonly client: Client; readonly clients: number }
  | {
      readonly kind: 'closed';
      readonly client: Client;
      readonly clients: number;
      readonly reason: CloseReason;
      /** The client `left` without a word: its machine no longer answered. */
      readonly vanished?: boolean;
      /** How long it was open, in ms. */
      readonly duration: number;
      /** Broadcast events it was sent. */
      readonly events: number;
      /** Bytes of event stream it was sent, control events included. */
      readonly bytes: number;
    }
  /** A client has shown a new credential while its stream was open, or its users file says something else of it; `client` is who it is now. */
  | { readonly kind: 'renewed'; readonly client: Client }
  /** Somebody deleted events of the past. */
  | ({ readonly kind: 'redacted'; readonly events: number } & OfRequest)
  /** Somebody took credentials back, by what names them: so many can no longer be used as far as is known, and so many streams ended. */
  | ({
      readonly kind: 'revoked';
      readonly what: 'sub' | 'jti' | 'filter';
      readonly value: string;
      readonly credentials: number;
      readonly ended: number;
    } & OfRequest)
  | ({
      readonly kind: 'broadcast';
      readonly id: string;
      readonly type: string;
      /** Size of the data in UTF-16 units. The data itself is never reported. */
      readonly size: number;
      /** Clients attached at that instant that it was for. */
      readonly matched: number;
      /** Where it came from: `http`, `terminal`, `library`. */
      readonly source: string;
    } & OfRequest)
  | {
      readonly kind: 'gap';
      readonly client: Client;
      readonly reason: GapReason;
      /** What the client asked for, as it stands in `sse.gap`. Untrusted text. */
      readonly requested: string;
      readonly missed: number | null;
    }
  | ({
      readonly kind: 'refused';
      /** An `ErrorCode`. */
      readonly code: string;
      /** What is wrong with a credential; its text is in no activity. */
      readonly reason?: CredentialDefect;
      readonly detail: string;
      readonly method: string;
      /** Path without query. Untrusted text. */
      readonly path: string;
      readonly ip: string;
    } & OfRequest)
  /** First sign of a reverse proxy before a server that is not exposed: admin on the shared port and self-declared identities are closed until the restart. */
  | { readonly kind: 'proxy-seen'; readonly sign: string }
  /** The configuration was read anew, and counts as far as it can without a restart. */
  | {
      readonly kind: 'reloaded';
      readonly source: ReloadSource;
      readonly changed: readonly OptionChange[];
      /** What stays as it was until a restart. */
      readonly needsRestart: readonly OptionChange[];
      /** Streams whose client is somebody else by it. */
      readonly renewed: number;
      /** Streams that ended, since their client would not be let in by it. */
      readonly ended: number;
      /** What is legal but should not stay: sentences. */
      readonly warnings: readonly string[];
    }
  /** The configuration was read anew and is no good: the old one stays, whole. */
  | { readonly kind: 'reload-refused'; readonly source: ReloadSource; readonly issues: readonly Issue[] }
  /** All descriptors that public connections may have are taken, or there are some again; `dropped` connections were closed unheard. */
  | { readonly kind: 'descriptors'; readonly isShort: boolean; readonly limit: number; readonly dropped: number }
  /** What had failed is well again. */
  | { readonly kind: 'recovered'; readonly what: string }
  | ({ readonly kind: 'failed'; readonly what: string; readonly error: unknown } & OfRequest);

export type Observe = (activity: Activity) => void;
