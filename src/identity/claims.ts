import { type Identity, identity } from '../event/identity.ts';
import { badCredential, type Grant } from './grant.ts';

/** The JSON object that a token carries. */
export type Claims = Readonly<Record<string, unknown>>;

/** What can be taken from a claim: the fields of an identity, and the topics it may subscribe to. */
export const CLAIM_FIELDS = ['id', 'login', 'name', 'mail', 'profile', 'roles', 'topics'] as const;
export type ClaimField = (typeof CLAIM_FIELDS)[number];

/** For each field the claims that may hold it; the first that is there counts. A claim is a name, or a path of names with dots between. */
export type ClaimMapping = Readonly<Record<ClaimField, readonly string[]>>;

/** One entry of a mapping, as it is configured. */
export interface MappedClaim {
  readonly field: ClaimField;
  readonly claim: string;
}

/**
 * The names of OpenID Connect first (Core §5.1), then those that providers use — `cognito:` is Amazon Cognito's,
 * `realm_access.roles` Keycloak's — and those of the C# library SimpleW last.
 */
const DEFAULT_MAPPING: ClaimMapping = {
  id: ['sub', 'id', 'Id'],
  login: ['login', 'preferred_username', 'cognito:username', 'Login'],
  name: ['name', 'FullName'],
  mail: ['email', 'mail', 'Mail'],
  profile: ['profile', 'Profile'],
  roles: ['roles', 'role', 'groups', 'cognito:groups', 'realm_access.roles', 'Roles'],
  topics: ['topics'],
};

/** A mapping in which a field that is configured is taken from what is configured for it and from nothing else. */
export function claimMapping(given: readonly MappedClaim[]): ClaimMapping {
  const fields = CLAIM_FIELDS.map((field) => {
    const claims = given.filter((entry) => entry.field === field).map(({ claim }) => claim);
    return [field, claims.length > 0 ? claims : DEFAULT_MAPPING[field]];
  });
  return Object.freeze(Object.fromEntries(fields) as ClaimMapping);
}

const MAX_TEXT = 256;
const MAX_LIST = 64;
/** Deeper than any provider nests, and far from what recursion can bear. */
const MAX_DEPTH = 16;

/**
 * Who a token is about, by its claims. What is not what it must be — a profile that is an object, a role too many —
 * makes the token bad: an identity that says less than its token would slip through a filter such as `profile != "Guest"`.
 *
 * @throws SseError `invalid-credential`
 */
export function readClaims(claims: Claims, mapping: ClaimMapping): Pick<Grant, 'identity' | 'subject' | 'topics'> {
  const used = new Set<string>();
  const find = (field: ClaimField): unknown => {
    for (const path of mapping[field]) {
      const found = lookUp(claims, path);
      if (found === undefined) continue;
      // Topics are a right rather than a part of who somebody is, and filters may ask for them as for any claim.
      if (field !== 'topics') used.add(path);
      return found;
    }
    return undefined;
  };
  const parts: { -readonly [K in keyof Identity]?: Identity[K] } = { authenticated: true };
  for (const field of ['id', 'login', 'name', 'mail', 'profile'] as const) parts[field] = textOf(find(field));
  parts.roles = listOf(find('roles'));
  const topics = find('topics');
  // Everything else; of a path, its object stays whole.
  parts.claims = copyOf(claims, (name) => !used.has(name));

  const found = identity(parts);
  const subject = textOf(claims.sub) || found.id;
  return {
    identity: found,
    ...(subject !== '' && { subject }),
    ...(topics !== undefined && { topics: Object.freeze(listOf(topics)) }),
  };
}

/** A claim by its whole name, since names may hold dots (`https://example.com/roles`), else by a path. Null is not there. */
function lookUp(claims: Claims, path: string): unknown {
  const whole = own(claims, path);
  if (whole !== undefined || !path.includes('.')) return whole;
  return path.split('.').reduce<unknown>(own, claims);
}

function own(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value) || !Object.hasOwn(value, name)) return undefined;
  return (value as Claims)[name] ?? undefined;
}

/** Numbers are taken for the text that they are in: many applications number their users. */
function textOf(value: unknown): string {
  if (value === undefined || value === null) return '';
  const text = Number.isSafeInteger(value) ? String(value) : value;
  if (typeof text !== 'string' || text.length > MAX_TEXT) throw badCredential('claims');
  return text;
}

/** A list, or text with spaces or commas between, as `scope` has it (RFC 8693 §4.2). */
function listOf(value: unknown): string[] {
  const items = typeof value === 'string' ? value.split(/[\s,]+/).filter((item) => item !== '') : (value ?? []);
  if (!Array.isArray(items) || items.length > MAX_LIST) throw badCredential('claims');
  return items.map((item) => {
    if (typeof item !== 'string') throw badCredential('claims');
    return textOf(item);
  });
}

/**
 * A frozen copy on null prototypes at every depth: `claims.constructor` is there only if the token has it, and
 * `__proto__` is a name like any other.
 */
function copyOf(claims: Claims, wanted: (name: string) => boolean): Claims {
  const copy = (value: unknown, depth: number): unknown => {
    if (typeof value === 'string' && !value.isWellFormed()) throw badCredential('claims');
    if (typeof value !== 'object' || value === null) return value;
    if (depth === MAX_DEPTH) throw badCredential('claims');
    if (Array.isArray(value)) return Object.freeze(value.map((item) => copy(item, depth + 1)));
    const object: Record<string, unknown> = Object.create(null);
    for (const [name, item] of Object.entries(value)) {
      if (!name.isWellFormed()) throw badCredential('claims');
      const copied = copy(item, depth + 1);
      if (depth > 0 || wanted(name)) object[name] = copied;
    }
    return Object.freeze(object);
  };
  return copy(claims, 0) as Claims;
}
