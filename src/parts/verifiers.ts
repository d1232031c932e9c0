import { readFileSync } from 'node:fs';
import type { Options } from '../config/options.ts';
import { SseError } from '../errors.ts';
import type { Observe } from '../hub/activity.ts';
import type { TokenVerifier } from '../identity/authenticate.ts';
import { claimMapping } from '../identity/claims.ts';
import { RemoteKeys } from '../identity/jwks.ts';
import { fixedKeys, type KeySource, parseKeys, secretKey, type VerificationKey } from '../identity/jwt-keys.ts';
import { parseUsers, type Users } from '../identity/users.ts';

/** Everything that credentials are checked with, in the order in which it is asked. */
export interface Verifiers {
  readonly verifiers: readonly TokenVerifier[];
  /** Sentences for the log: what is legal but should not stay. */
  readonly warnings: readonly string[];
}

/** Reads what the options name, and begins to fetch what is elsewhere. @throws SseError `invalid-config` */
export async function openVerifiers(options: Options, observe: Observe): Promise<Verifiers> {
  const users = usersOf(options);
  const keys = keySourcesOf(options, observe);
  const verifiers = users ? [users.verifier] : [];
  if (keys.length > 0) verifiers.push(await jwtVerifierOf(options, keys));
  return { verifiers, warnings: [...(users?.warnings ?? []), ...strangersIn(options)] };
}

/** @throws SseError `invalid-config` */
export function usersOf({ users }: Options): Users | undefined {
  return users === undefined ? undefined : parseUsers(read('--users', users).toString('utf8'), users);
}

/** The keys that stand in files. @throws SseError `invalid-config` */
export function keysOf({ jwtSecretFile, jwtKeyFile, jwtAlgorithm }: Options): readonly VerificationKey[] {
  if (jwtSecretFile !== undefined) return [secretKey(read('--jwt-secret-file', jwtSecretFile), jwtSecretFile, jwtAlgorithm)];
  if (jwtKeyFile === undefined) return [];
  return parseKeys(read('--jwt-key-file', jwtKeyFile).toString('utf8'), jwtKeyFile, jwtAlgorithm);
}

/** What admin requests must show, if anything. @throws SseError `invalid-config` */
export function adminTokenOf({ adminTokenFile: file }: Pick<Options, 'adminTokenFile'>): string | undefined {
  if (file === undefined) return undefined;
  const token = read('--admin-token-file', file).toString('utf8').trim();
  // RFC 6750 §2.1 has no other characters, and a short token can be guessed.
  if (/^[A-Za-z0-9\-._~+/]{16,}=*$/.test(token)) return token;
  const detail = `${file} must hold one token of at least 16 letters, digits or -._~+/ (openssl rand -hex 32 > ${file})`;
  throw SseError.of('invalid-config', [{ pointer: '--admin-token-file', detail }]);
}

async function jwtVerifierOf(options: Options, keys: readonly KeySource[]): Promise<TokenVerifier> {
  // Loaded only then: most servers have no use for it.
  const { jwtVerifier } = await import('../identity/jwt.ts');
  return jwtVerifier({
    keys,
    mapping: claimMapping(options.jwtClaim),
    issuers: options.jwtIssuer,
    audiences: options.jwtAudience,
    maxLifetime: options.jwtMaxLifetime,
    now: Date.now,
  });
}

function keySourcesOf(options: Options, observe: Observe): readonly KeySource[] {
  const keys = keysOf(options);
  const sources: KeySource[] = keys.length > 0 ? [fixedKeys(keys)] : [];
  const { jwksUrl: url, jwtAlgorithm: allowed } = options;
  if (url === undefined) return sources;
  const failed = (error: SseError) => observe({ kind: 'failed', what: `cannot fetch the keys of --jwks-url ${url}`, error });
  const remote = new RemoteKeys({ url, allowed, clock: () => performance.now(), failed });
  // Nobody waits for it: clients without a token, or with one of another kind, have no need of it.
  void remote.refresh();
  return [...sources, remote];
}

/** An identity provider signs for many applications with one key, so its key alone says little. */
function* strangersIn({ jwksUrl, jwtIssuer, jwtAudience }: Options): Generator<string> {
  if (jwksUrl === undefined) return;
  if (jwtAudience.length === 0)
    yield '--jwks-url without --jwt-audience: a token that its provider issued for another application counts here too';
  if (jwtIssuer.length === 0) yield '--jwks-url without --jwt-issuer: whoever uses the same keys counts here too';
}

/** What a file that an option names holds. @throws SseError `invalid-config` */
export function read(option: string, file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    throw SseError.of('invalid-config', [
      { pointer: option, detail: `cannot read ${JSON.stringify(file)}: ${reasonOf(error as NodeJS.ErrnoException)}` },
    ]);
  }
}

function reasonOf({ code, message }: NodeJS.ErrnoException): string {
  return { ENOENT: 'no such file', EISDIR: 'it is a directory', EACCES: 'permission denied' }[code ?? ''] ?? message;
}
