import { z } from 'zod';
import { type Issue, SseError } from '../errors.ts';
import { typeProblem } from '../event/draft.ts';
import { sizeProblem } from '../event/expression.ts';
import { didYouMean } from '../nearest.ts';
import { isLoopbackHost } from './addresses.ts';
import { type Decoded, OPTION_NAMES, OPTIONS, type OptionName, type Options, type OptionsInput } from './options.ts';

/** The one schema of all options: from the spelling of people to values. */
const schema = z.strictObject(
  Object.fromEntries(OPTION_NAMES.map((name) => [name, z.prefault(OPTIONS[name].type, OPTIONS[name].default as never)])),
) as unknown as z.ZodType<Decoded, OptionsInput>;

const MAX_AGE_BEHIND_PROXY = 60 * 60_000;

/** How to name an option, or an entry of its list, to the person who gave it. */
export type Pointers = (name: string, ...path: readonly PropertyKey[]) => string;

const asJsonPointer: Pointers = (...path) => `/${path.join('/')}`;

/**
 * Makes options of what was given; what is missing or undefined takes its default.
 *
 * @param pointers default: JSON pointers such as `/ssePath/1`
 * @param authenticates whether who clients are is found out in code
 * @throws SseError `invalid-config`, with every mistake; rules that look at several options are applied when each is good
 */
export function parseOptions(
  given: OptionsInput | Readonly<Record<string, unknown>>,
  pointers: Pointers = asJsonPointer,
  { authenticates = false }: { readonly authenticates?: boolean } = {},
): Options {
  const result = schema.safeParse(given);
  const mistakes = (result.error?.issues ?? []).flatMap((issue) => readable(issue, pointers));
  if (!result.success) throw SseError.of('invalid-config', mistakes);
  const conflicts = [...conflictsIn(result.data, authenticates)].map(([name, detail]) => ({ pointer: pointers(name), detail }));
  if (conflicts.length > 0) throw SseError.of('invalid-config', conflicts);
  for (const value of Object.values(result.data)) if (Array.isArray(value)) Object.freeze(value);
  return Object.freeze({ ...result.data, maxAge: result.data.maxAge ?? maxAgeFor(result.data) });
}

/** Writes options as people would, null for what is not set; `parseOptions` takes it back. */
export function spellOptions(options: Options): Required<OptionsInput> {
  const entries = OPTION_NAMES.map((name) => [name, z.encode(OPTIONS[name].type, options[name])]);
  return Object.fromEntries(entries) as Required<OptionsInput>;
}

/** A proxy can keep a dead client's socket alive, and nothing else would ever notice. */
function maxAgeFor({ trustProxy }: Decoded): number {
  return trustProxy.length > 0 ? MAX_AGE_BEHIND_PROXY : 0;
}

/** All rules that look at more than one option or entry, each with its reason. */
function* conflictsIn(options: Decoded, authenticates: boolean): Generator<readonly [OptionName, string]> {
  const { host, port, adminListen, adminTokenFile } = options;
  yield* credentialConflicts(options, authenticates);

  // Every key press would be refused.
  const tooLong = typeProblem(options.event, options);
  if (tooLong !== undefined) yield ['event', tooLong];
  const tooLarge = sizeProblem(options.keyFilter, options);
  if (tooLarge !== undefined) yield ['keyFilter', tooLarge];

  if (adminListen && 'port' in adminListen) {
    // Whoever reaches it could publish to everyone; design §6.
    if (!isLoopbackHost(adminListen.host) && adminTokenFile === undefined)
      yield ['adminListen', `others than this machine could connect to ${adminListen.host}: it needs --admin-token-file`];
    // The second of the two could not be opened; better said here than as a busy port.
    if (adminListen.port === port && port !== 0 && overlap(host, adminListen.host))
      yield ['adminListen', `${port} is the port of the stream (--port); it needs another one`];
  }

  // One of them would never be looked at.
  const prefixes = options.static.map(({ prefix }) => prefix);
  const twice = prefixes.find((prefix, index) => prefixes.indexOf(prefix) !== index);
  if (twice !== undefined) yield ['static', `two directories are under '${twice}'; give one of them another path: /PREFIX=DIR`];
}

const WAYS = '--users, --jwt-secret-file, --jwt-key-file, --jwks-url or --auth-url';

function* credentialConflicts(options: Decoded, authenticates: boolean): Generator<readonly [OptionName, string]> {
  const { requireAuth, users, jwtSecretFile, jwtKeyFile, jwksUrl, authUrl, topics, allowQueryToken } = options;
  const keys = [jwtSecretFile, jwtKeyFile, jwksUrl].some((given) => given !== undefined);
  const tokens = keys || users !== undefined;
  const knows = tokens || authUrl !== undefined || authenticates;
  // Every client would be refused, and no default could mean that.
  if (requireAuth && !knows) yield ['requireAuth', `nobody could connect: it needs ${WAYS}`];
  if (topics === 'claim' && !knows) yield ['topics', `nobody could subscribe to one: it needs ${WAYS}`];
  // Two that decide are one too many: nobody could say which of them let a client in.
  if (authUrl !== undefined && (tokens || authenticates))
    yield ['authUrl', `cannot stand beside ${authenticates ? 'authenticate()' : '--users or keys of JWTs'}: one of them decides`];
  if (authenticates && tokens)
    yield [users === undefined ? 'jwtSecretFile' : 'users', 'cannot stand beside authenticate(): one of them decides'];
  // It would look as if a token were asked for.
  if (allowQueryToken && !tokens) yield ['allowQueryToken', 'means nothing without --users or a key of JWTs'];
  // Two kinds of key beside each other are how a public key comes to be taken for a secret (RFC 8725 §2.1).
  if (jwtSecretFile !== undefined && (jwtKeyFile ?? jwksUrl) !== undefined)
    yield [
      'jwtSecretFile',
      `cannot stand beside ${jwtKeyFile === undefined ? '--jwks-url' : '--jwt-key-file'}: it is a secret or public keys`,
    ];
  // It would look as if tokens were checked.
  for (const name of ['jwtIssuer', 'jwtAudience', 'jwtAlgorithm', 'jwtClaim'] as const)
    if (options[name].length > 0 && !keys) yield [name, 'means nothing without --jwt-secret-file, --jwt-key-file or --jwks-url'];
}

/** Whether two hosts to listen on may have an address in common. */
function overlap(one: string | undefined, other: string | undefined): boolean {
  const all = ['0.0.0.0', '::'];
  return one === other || all.includes(one ?? '') || all.includes(other ?? '') || (isLoopbackHost(one) && isLoopbackHost(other));
}

function readable(issue: z.core.$ZodIssue, pointers: Pointers): Issue[] {
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((key) => ({ pointer: pointers(key), detail: `is not an option${didYouMean(key, OPTION_NAMES)}` }));
  const [name, ...rest] = issue.path;
  if (name === undefined) return [{ pointer: '', detail: 'must be an object such as {"port":2015}' }];
  const { position, excerpt } = (issue.code === 'custom' ? (issue.params ?? {}) : {}) as Partial<Issue>;
  return [
    {
      pointer: pointers(String(name), ...rest),
      detail: issue.message,
      ...(position !== undefined && { position }),
      ...(excerpt !== undefined && { excerpt }),
    },
  ];
}
