import { z } from 'zod';
import { SseError } from '../errors.ts';
import { LOG_LEVELS, type LogLevel } from '../log-levels.ts';
import { didYouMean } from '../nearest.ts';
import type { Exchange } from './exchange.ts';
import { readJsonObject } from './json-body.ts';

/** What a request orders by its JSON body; requests are held against its schema, and the description of the API is made from it. */
export interface Order<T> {
  readonly schema: z.ZodType<T>;
  readonly fields: readonly string[];
  /** One to paste. */
  readonly example: string;
}

type FilterText = string | Readonly<Record<string, unknown>>;

export interface DisconnectOrder {
  readonly filter: FilterText;
  /** What the clients are told of why. */
  readonly reason?: string | undefined;
  /** Whether they are asked not to come back. */
  readonly forever?: boolean | undefined;
}

/** Exactly one of them. */
export interface RevokeOrder {
  readonly sub?: string | undefined;
  readonly jti?: string | undefined;
  readonly filter?: FilterText | undefined;
}

export interface FilterOrder {
  /** Default: everyone. */
  readonly filter?: FilterText | undefined;
}

export interface LogLevelOrder {
  readonly level: LogLevel;
}

const filter = z.union([z.string(), z.record(z.string(), z.unknown())], 'must be a CEL expression or an object of equalities');
const name = z.string('must be a string').min(1, 'must not be empty').max(256, 'has at most 256 characters').optional();
const reason = z
  .string('must be a string')
  .max(128, 'has at most 128 characters')
  .refine((text) => text.isWellFormed() && !/\p{Cc}/u.test(text), 'must not contain control characters or line breaks');

/** Of `POST /admin/clients/disconnect`. */
export const DISCONNECT: Order<DisconnectOrder> = order(
  z.strictObject({ filter, reason: reason.optional(), forever: z.boolean('must be true or false').optional() }),
  '{"filter":"profile == \\"Guest\\""}',
);

/** Of `POST /admin/revoke`. */
export const REVOKE: Order<RevokeOrder> = order(
  z.strictObject({ sub: name, jti: name, filter: filter.optional() }),
  '{"sub":"7"}',
);

/** Of `POST /admin/filter/check`. */
export const CHECK_FILTER: Order<FilterOrder> = order(
  z.strictObject({ filter: filter.optional() }),
  '{"filter":"profile == \\"Administrator\\""}',
);

/** Of `PATCH /admin/log-level`. */
export const LOG_LEVEL: Order<LogLevelOrder> = order(
  z.strictObject({ level: z.enum(LOG_LEVELS, `must be ${LOG_LEVELS.slice(0, -1).join(', ')} or ${LOG_LEVELS.at(-1)}`) }),
  '{"level":"debug"}',
);

/** Reads an order. @throws SseError `invalid-request` with every mistake, `unsupported-media-type`, `too-large` */
export async function readOrder<T>(exchange: Exchange, { schema, fields, example }: Order<T>): Promise<T> {
  const result = schema.safeParse(await readJsonObject(exchange, example));
  if (result.success) return result.data;
  const issues = result.error.issues.flatMap((issue) => {
    if (issue.code === 'unrecognized_keys')
      return issue.keys.map((key) => ({ pointer: `/${key}`, detail: `unknown field${didYouMean(key, fields)}` }));
    return [{ pointer: issue.path.length === 0 ? '' : `/${issue.path.join('/')}`, detail: issue.message }];
  });
  throw SseError.of('invalid-request', issues);
}

function order<T>(schema: z.ZodType<T> & { readonly shape: object }, example: string): Order<T> {
  return { schema, fields: Object.keys(schema.shape), example };
}
