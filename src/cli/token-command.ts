import type { Command } from 'commander';
import type { Loaded } from '../config/load.ts';
import { quoted } from '../config/values.ts';
import type { Issue } from '../errors.ts';
import { formatDuration, parseDuration } from '../units.ts';
import type { Effects } from './effects.ts';
import { report } from './report.ts';
import type { MintOrder, TokenOrder } from './token-order.ts';

interface Flags {
  readonly sub?: string;
  readonly login?: string;
  readonly name?: string;
  readonly mail?: string;
  readonly profile?: string;
  readonly role?: readonly string[];
  readonly topic?: readonly string[];
  readonly claim?: readonly string[];
  readonly expiresIn: string;
  readonly signingKey?: string;
}

/** Design §11. */
const BAD_USAGE = 2;

/**
 * Adds `token create` and `token verify` to the program, for development. They take every option that the program takes,
 * of which those of keys and rules of JWTs mean something to them.
 *
 * @param ended takes the exit code
 */
export function addTokenCommand(
  program: Command,
  load: () => Loaded | undefined,
  { stderr, token: run }: Effects,
  ended: (exitCode: number) => void,
): void {
  const obey = async (orderFor: (loaded: Loaded) => TokenOrder | Issue): Promise<void> => {
    const loaded = load();
    if (!loaded) return;
    report(loaded.warnings, stderr, 'warning');
    const order = orderFor(loaded);
    if ('what' in order) return ended(await run(order));
    report([order], stderr);
    ended(BAD_USAGE);
  };
  const several = (entry: string, entries: readonly string[] = []) => [...entries, entry];
  const command = program
    .command('token')
    .description('make and explain JWTs, for development, and start nothing')
    .optionsGroup('Options:');
  command
    .command('create')
    .description('print a token that the configured keys verify: one of --jwt-secret-file, or of a private key')
    .option('--sub <TEXT>', 'whom it is about')
    .option('--login <TEXT>', 'login')
    .option('--name <TEXT>', 'full name')
    .option('--mail <TEXT>', 'mail address')
    .option('--profile <TEXT>', 'profile, such as Administrator')
    .option('--role <TEXT>', 'role; may repeat', several)
    .option('--topic <TEXT>', 'topic, or prefix/*, that it allows; may repeat', several)
    .option('--claim <NAME=VALUE>', 'any other claim, as JSON or else as text; may repeat', several)
    .option('--expires-in <TIME>', 'how long it is valid (default: 1h)', '1h')
    .option('--signing-key <FILE>', 'private key, as PEM or JWK, in place of the secret')
    .action((flags: Flags) => obey((loaded) => mintOrder(flags, loaded)));
  command
    .command('verify')
    .description('say who a token makes of its bearer, or which rule it breaks; ends with 1 if it is not valid')
    .argument('[TOKEN]', "the token; '-' or none: stdin, since others on this machine can see what stands here", '-')
    .action((token: string) => obey((loaded) => ({ what: 'verify', token, loaded })));
}

function mintOrder({ sub, role, topic, claim = [], expiresIn, signingKey, ...named }: Flags, loaded: Loaded): MintOrder | Issue {
  const { jwtSecretFile, jwtMaxLifetime } = loaded.options;
  if (jwtSecretFile === undefined && signingKey === undefined)
    return { pointer: '', detail: 'token create: which key? --jwt-secret-file FILE, or --signing-key FILE with a private key' };
  if (jwtSecretFile !== undefined && signingKey !== undefined)
    return { pointer: '--signing-key', detail: 'cannot stand beside --jwt-secret-file: one of them signs' };
  const lifetime = parseDuration(expiresIn);
  if (!lifetime) return { pointer: '--expires-in', detail: `must be a duration such as 10m, 1h or 7d, not ${quoted(expiresIn)}` };
  if (lifetime > jwtMaxLifetime)
    return { pointer: '--expires-in', detail: `must be at most --jwt-max-lifetime, ${formatDuration(jwtMaxLifetime)}` };
  const claims = claim.map(parseClaim);
  const bad = claim.find((_, index) => claims[index] === undefined);
  if (bad !== undefined) return { pointer: '--claim', detail: `must be NAME=VALUE, not ${quoted(bad)}` };
  return {
    what: 'create',
    subject: sub,
    fields: { ...named, ...(role && { roles: role }), ...(topic && { topics: topic }) },
    claims: claims.filter((each) => each !== undefined),
    lifetime,
    signingKey,
    loaded,
  };
}

function parseClaim(text: string): readonly [string, unknown] | undefined {
  const [, name, value = ''] = /^([^=]+)=(.*)$/s.exec(text) ?? [];
  if (name === undefined) return undefined;
  try {
    return [name, JSON.parse(value)];
  } catch {
    return [name, value];
  }
}
