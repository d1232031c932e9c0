import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import { type Issue, SseError } from '../errors.ts';
import { type Identity, identity } from '../event/identity.ts';
import { parseJson } from '../json.ts';
import { didYouMean } from '../nearest.ts';
import type { TokenVerifier } from './authenticate.ts';
import type { Grant } from './grant.ts';

const text = z.string('must be a string').max(256, 'has at most 256 characters').optional();
const texts = z
  .array(z.string('must be a string').max(256, 'has at most 256 characters'), 'must be a list of strings')
  .max(64, 'has at most 64 entries')
  .optional();

const user = z
  .strictObject({
    tokenHash: z
      .string()
      .regex(/^sha256:[0-9a-f]{64}$/, 'must be sha256: and 64 hexadecimal digits in lower case')
      .optional(),
    token: z.string().min(1, 'must not be empty').optional(),
    id: z.string('is required').min(1, 'must not be empty').max(256, 'has at most 256 characters'),
    login: text,
    name: text,
    mail: text,
    profile: text,
    roles: texts,
    topics: texts,
    claims: z.record(z.string(), z.json()).optional(),
  })
  .refine((value) => (value.token === undefined) !== (value.tokenHash === undefined), {
    message: 'needs one of tokenHash and token',
  });

const file = z.strictObject(
  { $schema: z.string().optional(), users: z.array(user, 'must be a list') },
  {
    error: ({ code }) => (code === 'invalid_type' ? 'must be an object such as {"users":[]}' : undefined),
  },
);
const FIELDS = ['users', ...Object.keys(user.shape)];

/** What a users file holds, ready to look tokens up. */
export interface Users {
  readonly verifier: TokenVerifier;
  readonly size: number;
  /** Sentences for the log: tokens that stand in plain text. */
  readonly warnings: readonly string[];
}

/**
 * Reads the text of a users file (design §12): `{"users":[{"tokenHash":"sha256:…","id":"7","profile":"Administrator"}]}`.
 *
 * Tokens are held as keyed hashes: a look-up takes the same time whatever part of a wrong token is right, since
 * nobody outside can tell which hashes are alike.
 *
 * @param source the file's name, for messages
 * @throws SseError `invalid-config`, with every mistake
 */
export function parseUsers(json: string, source: string): Users {
  const result = file.safeParse(parseJson(json, source));
  if (!result.success)
    throw SseError.of(
      'invalid-config',
      result.error.issues.flatMap((issue) => readable(issue, source)),
    );

  const key = randomBytes(32);
  const keyed = (hash: Buffer) => createHmac('sha256', key).update(hash).digest();
  const known = new Map<string, { readonly mac: Buffer; readonly grant: Grant }>();
  const warnings: string[] = [];
  for (const [index, { token, tokenHash, topics, ...parts }] of result.data.users.entries()) {
    if (token !== undefined)
      warnings.push(`${source}: the token of user ${JSON.stringify(parts.id)} stands there in plain text; use tokenHash`);
    const hash = tokenHash === undefined ? sha256(token ?? '') : Buffer.from(tokenHash.slice('sha256:'.length), 'hex');
    // What `sha256sum` says of a variable that was not set.
    if (hash.equals(sha256('')))
      throw SseError.of('invalid-config', [
        { pointer: `${source} /users/${index}/tokenHash`, detail: 'is the hash of an empty token' },
      ]);
    const mac = keyed(hash);
    if (known.has(mac.toString('hex')))
      throw SseError.of('invalid-config', [
        { pointer: `${source} /users/${index}`, detail: 'has the same token as a user before it' },
      ]);
    const claims = { ...parts.claims, ...(topics && { topics }) };
    const grant: Grant = Object.freeze({
      identity: identity({ ...given(parts), claims, authenticated: true }),
      subject: parts.id,
      entry: hash.toString('hex'),
      ...(topics && { topics: Object.freeze(topics) }),
    });
    known.set(mac.toString('hex'), { mac, grant });
  }

  const find = (hash: Buffer): Grant | undefined => {
    const mac = keyed(hash);
    const found = known.get(mac.toString('hex'));
    return found && timingSafeEqual(found.mac, mac) ? found.grant : undefined;
  };
  const verifier: TokenVerifier = {
    verify: async (candidate) => find(sha256(candidate)),
    entry: (hash) => find(Buffer.from(hash, 'hex')),
  };
  return { verifier, size: known.size, warnings };
}

function sha256(value: string): Buffer {
  return createHash('sha256').update(value, 'utf8').digest();
}

function given(parts: { [K in keyof Identity]?: Identity[K] | undefined }): Partial<Identity> {
  return Object.fromEntries(Object.entries(parts).filter(([, value]) => value !== undefined));
}

function readable(issue: z.core.$ZodIssue, source: string): Issue[] {
  const at = issue.path.length === 0 ? source : [`${source} `, ...issue.path].join('/');
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((key) => ({
      pointer: [`${source} `, ...issue.path, key].join('/'),
      detail: `unknown field${didYouMean(key, FIELDS)}`,
    }));
  return [{ pointer: at, detail: issue.message }];
}
