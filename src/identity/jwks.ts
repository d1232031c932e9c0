import { SseError } from '../errors.ts';
import { type Algorithm, PUBLIC_KEY_ALGORITHMS } from './jwt-algorithms.ts';
import { type KeySource, readKeySet, type VerificationKey, withId } from './jwt-keys.ts';

export interface RemoteKeysOptions {
  readonly url: string;
  /** The algorithms that are configured; none: those that each key is for. */
  readonly allowed: readonly Algorithm[];
  /** In ms, and never set back: waiting goes by it. */
  readonly clock: () => number;
  /** Hears why the keys cannot be fetched, once for each outage. */
  readonly failed: (error: SseError) => void;
  /** How long a fetch may take, in ms. Default 5 s. */
  readonly timeout?: number;
}

/** Keys that were fetched this long ago are fetched again, and nobody waits for it: one that its owner took back must not count for ever. In ms. */
const MAX_AGE = 10 * 60_000;
/** So many fetches may follow each other at once, and after them one in each interval: tokens with made-up key ids must not become requests to others. */
const BURST = 5;
const INTERVAL = 10_000;
/** A set of 64 keys with certificates beside them has less. */
const MAX_BYTES = 256 * 1024;

/**
 * The keys that an identity provider publishes (`jwks_uri`). They are fetched at the start, again when a token names one
 * that is not among them, and kept when that fails: whoever has a token of a known key never waits for the provider.
 */
export class RemoteKeys implements KeySource {
  readonly algorithms: readonly Algorithm[];
  readonly #options: RemoteKeysOptions;
  #keys: readonly VerificationKey[] | undefined;
  #fetchedAt = 0;
  #fetching: Promise<void> | undefined;
  #failing = false;
  #allowance = BURST;
  #allowedAt: number;

  constructor(options: RemoteKeysOptions) {
    const { allowed, clock } = options;
    this.#options = options;
    this.#allowedAt = clock();
    this.algorithms = PUBLIC_KEY_ALGORITHMS.filter((algorithm) => allowed.length === 0 || allowed.includes(algorithm));
  }

  async find(id: string | undefined): Promise<readonly VerificationKey[]> {
    const known = withId(this.#keys ?? [], id);
    if (known.length > 0) {
      if (this.#options.clock() - this.#fetchedAt > MAX_AGE) void this.refresh();
      return known;
    }
    await this.refresh();
    const found = withId(this.#keys ?? [], id);
    // It may be the newest of keys that cannot be seen now: to call its token bad would turn an honest client away.
    if (found.length === 0 && (this.#failing || this.#keys === undefined))
      throw new SseError('unverifiable', 'credentials cannot be verified now: the keys cannot be fetched');
    return found;
  }

  /** Fetches the keys, unless that was done too often of late; whoever asks meanwhile waits for the same answer. Never rejects. */
  refresh(): Promise<void> {
    if (!this.#fetching && this.#mayFetch())
      this.#fetching = this.#fetch().finally(() => {
        this.#fetching = undefined;
      });
    return this.#fetching ?? Promise.resolve();
  }

  #mayFetch(): boolean {
    const now = this.#options.clock();
    this.#allowance = Math.min(BURST, this.#allowance + (now - this.#allowedAt) / INTERVAL);
    this.#allowedAt = now;
    if (this.#allowance < 1) return false;
    this.#allowance--;
    return true;
  }

  async #fetch(): Promise<void> {
    const { url, allowed, clock, failed, timeout = 5000 } = this.#options;
    try {
      const keys = readKeySet(JSON.parse(await download(url, timeout)), allowed);
      if (typeof keys === 'string') throw new SseError('request-failed', `it ${keys}`);
      this.#keys = keys;
      this.#fetchedAt = clock();
      this.#failing = false;
    } catch (error) {
      if (!this.#failing) failed(reasonOf(error, timeout));
      this.#failing = true;
    }
  }
}

/** @throws whatever kept it from it */
async function download(url: string, timeout: number): Promise<string> {
  const response = await fetch(url, {
    // Where keys come from is configured; a redirect would be somebody else's word for it.
    redirect: 'error',
    headers: { accept: 'application/jwk-set+json, application/json' },
    signal: AbortSignal.timeout(timeout),
  });
  const { status, body } = response;
  if (status !== 200) {
    await body?.cancel();
    throw new SseError('request-failed', `it answered ${status}`);
  }
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let text = '';
  let bytes = 0;
  for await (const chunk of body ?? []) {
    bytes += chunk.length;
    if (bytes > MAX_BYTES) throw new SseError('request-failed', `it has more than ${MAX_BYTES / 1024} KiB`);
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}

/** In words, without what was sent. */
function reasonOf(error: unknown, timeout: number): SseError {
  if (error instanceof SseError) return error;
  const { name, cause } = error as Error;
  if (name === 'TimeoutError') return new SseError('request-failed', `no answer within ${timeout / 1000} s`);
  const { code, message } = (cause ?? error) as NodeJS.ErrnoException;
  if (error instanceof SyntaxError || code === 'ERR_ENCODING_INVALID_ENCODED_DATA')
    return new SseError('request-failed', 'it is not JSON');
  return new SseError('request-failed', OUTAGES[code ?? ''] ?? code ?? message);
}

const OUTAGES: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nobody listens there',
  ENOTFOUND: 'there is no such host',
  UND_ERR_SOCKET: 'the connection broke off',
  ECONNRESET: 'the connection broke off',
};
