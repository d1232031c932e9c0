import type { Options } from '../config/options.ts';
import { SseError } from '../errors.ts';
import type { Observe } from '../hub/activity.ts';
import type { TokenVerifier } from '../identity/authenticate.ts';
import { claimMapping } from '../identity/claims.ts';
import { RemoteKeys } from '../identity/jwks.ts';
import type { Algorithm } from '../identity/jwt-algorithms.ts';
import { fixedKeys, type KeySource, parseKeys, secretKey, type VerificationKey } from '../identity/jwt-keys.ts';
import { parseUsers, type Users } from '../identity/users.ts';
import { readAtStart, textIn } from './read-file.ts';

/** The keys that a provider publishes, and what they were asked for with. */
interface Provider {
  readonly url: string;
  readonly allowed: readonly Algorithm[];
  readonly keys: RemoteKeys;
}

/** Everything that credentials are checked with, in the order in which it is asked. */
export interface Verifiers {
  readonly verifiers: readonly TokenVerifier[];
  readonly provider: Provider | undefined;
  /** Sentences for the log: what is legal but should not stay. */
  readonly warnings: readonly string[];
}

/** How a file that an option names is read. @throws SseError `invalid-config` */
export type ReadFile = (option: string, file: string) => Buffer;

/** Reads what the options name, and begins to fetch what is elsewhere. @throws SseError `invalid-config` */
export async function openVerifiers(options: Options, observe: Observe, read: ReadFile): Promise<Verifiers> {
  const provider = providerOf(options, failing(options, observe));
  // Nobody waits for it: clients without a token, or with one of another kind, have no need of it.
  void provider?.keys.refresh();
  return assemble(options, read, provider);
}

/**
 * The same for a server that runs with others. Keys that it has fetched stay in use where their provider is the same, and
 * are fetched again; those of another provider must be there first, since there is something to keep if they are not.
 *
 * @throws SseError `invalid-config`
 */
export async function reopenVerifiers(
  options: Options,
  { observe, read, former }: { readonly observe: Observe; readonly read: ReadFile; readonly former: Verifiers },
): Promise<Verifiers> {
  if (isSameProvider(former.provider, options)) {
    const opened = await assemble(options, read, former.provider);
    await former.provider?.keys.refresh();
    return opened;
  }
  let problem: SseError | undefined;
  let failed = (error: SseError): void => {
    problem = error;
  };
  const provider = providerOf(options, (error) => failed(error));
  const opened = await assemble(options, read, provider);
  await provider?.keys.refresh();
  if (problem)
    throw SseError.of('invalid-config', [{ pointer: '--jwks-url', detail: `cannot fetch its keys: ${problem.message}` }]);
  failed = failing(options, observe);
  return opened;
}

async function assemble(options: Options, read: ReadFile, provider: Provider | undefined): Promise<Verifiers> {
  const users = usersOf(options, read);
  const keys = keysOf(options, read);
  const sources: KeySource[] = [...(keys.length > 0 ? [fixedKeys(keys)] : []), ...(provider ? [provider.keys] : [])];
  const verifiers = users ? [users.verifier] : [];
  if (sources.length > 0) verifiers.push(await jwtVerifierOf(options, sources));
  return { verifiers, provider, warnings: [...(users?.warnings ?? []), ...strangersIn(options)] };
}

/** @throws SseError `invalid-config` */
export function usersOf({ users }: Options, readFile: ReadFile = read): Users | undefined {
  return users === undefined ? undefined : parseUsers(textOf(readFile, '--users', users), users);
}

/** The keys that stand in files. @throws SseError `invalid-config` */
export function keysOf(
  { jwtSecretFile, jwtKeyFile, jwtAlgorithm }: Options,
  readFile: ReadFile = read,
): readonly VerificationKey[] {
  if (jwtSecretFile !== undefined) return [secretKey(readFile('--jwt-secret-file', jwtSecretFile), jwtSecretFile, jwtAlgorithm)];
  if (jwtKeyFile === undefined) return [];
  return parseKeys(textOf(readFile, '--jwt-key-file', jwtKeyFile), jwtKeyFile, jwtAlgorithm);
}

function textOf(readFile: ReadFile, option: string, file: string): string {
  const content = readFile(option, file);
  try {
    return textIn(content);
  } catch {
    throw SseError.of('invalid-config', [{ pointer: option, detail: `${file} is not valid UTF-8` }]);
  }
}

/** What admin requests must show, if anything. @throws SseError `invalid-config` */
export function adminTokenOf(
  { adminTokenFile: file }: Pick<Options, 'adminTokenFile'>,
  readFile: ReadFile = read,
): string | undefined {
  if (file === undefined) return undefined;
  const token = readFile('--admin-token-file', file).toString('utf8').trim();
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

function providerOf({ jwksUrl: url, jwtAlgorithm: allowed }: Options, failed: (error: SseError) => void): Provider | undefined {
  if (url === undefined) return undefined;
  return { url, allowed, keys: new RemoteKeys({ url, allowed, clock: () => performance.now(), failed }) };
}

function isSameProvider(provider: Provider | undefined, { jwksUrl, jwtAlgorithm }: Options): boolean {
  return provider?.url === jwksUrl && String(provider?.allowed) === String(jwtAlgorithm);
}

function failing({ jwksUrl }: Options, observe: Observe): (error: SseError) => void {
  return (error) => observe({ kind: 'failed', what: `cannot fetch the keys of --jwks-url ${jwksUrl}`, error });
}

/** An identity provider signs for many applications with one key, so its key alone says little. */
function* strangersIn({ jwksUrl, jwtIssuer, jwtAudience }: Options): Generator<string> {
  if (jwksUrl === undefined) return;
  if (jwtAudience.length === 0)
    yield '--jwks-url without --jwt-audience: a token that its provider issued for another application counts here too';
  if (jwtIssuer.length === 0) yield '--jwks-url without --jwt-issuer: whoever uses the same keys counts here too';
}

/** What a file that an option names holds. @throws SseError `invalid-config` */
export function read(option: string, file: string, from: (file: string) => Buffer = readAtStart): Buffer {
  try {
    return from(file);
  } catch (error) {
    throw SseError.of('invalid-config', [
      { pointer: option, detail: `cannot read ${JSON.stringify(file)}: ${reasonOf(error as NodeJS.ErrnoException)}` },
    ]);
  }
}

function reasonOf({ code, message }: NodeJS.ErrnoException): string {
  return { ENOENT: 'no such file', EISDIR: 'it is a directory', EACCES: 'permission denied' }[code ?? ''] ?? message;
}
