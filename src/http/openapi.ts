import { z } from 'zod';
import type { ErrorCode } from '../errors.ts';
import { ADMIN_API, type Operation } from './admin-api.ts';
import { STATUS } from './problem.ts';

/**
 * Errors that every request to admin may meet, in the order in which they are looked for. Not 405: what is described here is
 * methods that there are.
 */
const EVERYWHERE: readonly ErrorCode[] = ['forbidden', 'misdirected', 'unauthenticated', 'invalid-credential', 'invalid-request'];

const problem = z.object({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  detail: z.string().describe('What is wrong, where, and what to do.'),
  code: z.string().describe('Stable, for programs.'),
  errors: z
    .array(
      z.object({
        pointer: z.string().describe('Where: /field of the body, ?parameter, or a header.'),
        detail: z.string(),
        position: z.int().optional().describe('In a filter, in UTF-16 units from 0.'),
        excerpt: z.string().optional().describe('The line of a filter, and one with a caret under the mistake.'),
      }),
    )
    .optional(),
  requestId: z.string().describe('What the log names this request by; also in X-Request-Id of every answer.'),
});

/** The admin API as OpenAPI 3.1, out of the schemas that requests are held against. */
export function openApi(version: string): object {
  const paths: Record<string, object> = {};
  for (const [path, methods] of Object.entries(ADMIN_API)) {
    const operations = Object.entries(methods).map(([method, operation]) => [
      method.toLowerCase(),
      operationOf(method, path, operation),
    ]);
    paths[`/admin${path}`] = { ...parametersIn(path), ...Object.fromEntries(operations) };
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'sse-server, admin',
      version,
      description:
        'Publishing, and seeing and steering who is connected. Answers on loopback, or to the token of --admin-token-file.',
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: '/', description: 'The server that gave this document.' }],
    security: [{}, { token: [] }],
    paths,
    components: {
      securitySchemes: { token: { type: 'http', scheme: 'bearer' } },
      schemas: { Problem: schemaOf(problem, 'output') },
    },
  };
}

function operationOf(
  method: string,
  path: string,
  { summary, query = {}, headers = {}, body, otherBodies = {}, answer, errors = [] }: Operation,
): object {
  const { status, type, schema, description } = answer;
  const content = {
    ...(body && { 'application/json': { schema: schemaOf(body, 'input') } }),
    ...Object.fromEntries(
      Object.entries(otherBodies).map(([media, meaning]) => [media, { schema: { type: 'string', description: meaning } }]),
    ),
  };
  return {
    operationId: `${method.toLowerCase()}${path.replace(/[{}]/g, '').replace(/(^|[/.-])(\w)/g, (_, _mark, letter: string) => letter.toUpperCase())}`,
    summary,
    parameters: [
      ...Object.entries(query).map(([name, meaning]) => parameter('query', name, meaning)),
      ...Object.entries(headers).map(([name, meaning]) => parameter('header', name, meaning)),
    ],
    ...(Object.keys(content).length > 0 && { requestBody: { required: false, content } }),
    responses: {
      [status]: { description, content: { [type]: { schema: schema ? schemaOf(schema, 'output') : { type: 'string' } } } },
      ...problems([...EVERYWHERE, ...errors]),
    },
  };
}

function parameter(place: 'query' | 'header', name: string, description: string): object {
  return { in: place, name, required: false, description, schema: { type: 'string' } };
}

function parametersIn(path: string): object {
  const names = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
  if (names.length === 0) return {};
  return { parameters: names.map((name) => ({ in: 'path', name, required: true, schema: { type: 'string' } })) };
}

/** By status: several codes may share one. */
function problems(codes: readonly ErrorCode[]): object {
  const byStatus = new Map<number, ErrorCode[]>();
  for (const code of new Set(codes)) byStatus.set(STATUS[code], [...(byStatus.get(STATUS[code]) ?? []), code]);
  return Object.fromEntries(
    [...byStatus].map(([status, those]) => [
      status,
      {
        description: `A problem (RFC 9457); code is ${those.join(' or ')}.`,
        content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
      },
    ]),
  );
}

function schemaOf(schema: z.ZodType, io: 'input' | 'output'): object {
  const { $schema, ...json } = z.toJSONSchema(schema, { io, unrepresentable: 'any' });
  return json;
}
