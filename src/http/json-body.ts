import { SseError } from '../errors.ts';
import { notJson } from '../json.ts';
import { decodeUtf8 } from './body.ts';
import type { Exchange } from './exchange.ts';

/** What steers a server is short. In bytes. */
const LIMIT = 64 * 1024;

/** Reads a body that is a JSON object. @throws SseError `invalid-request`, `unsupported-media-type`, `too-large`, `overloaded` */
export async function readJsonObject(exchange: Exchange, example: string): Promise<object> {
  const { req, bodies } = exchange;
  const [type = ''] = (req.headers['content-type'] ?? '').split(';');
  // A form is what a page of another origin could send without being asked for leave (Fetch standard, "CORS-safelisted request-header").
  if (type.trim().toLowerCase() !== 'application/json')
    throw new SseError('unsupported-media-type', `the body must be JSON: curl --json '${example}'`);
  const text = await bodies.with(exchange, LIMIT, (body) => decodeUtf8(body, 'the body'));
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw SseError.of('invalid-request', [{ pointer: '', detail: `the body ${notJson(text)}` }]);
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  throw SseError.of('invalid-request', [{ pointer: '', detail: `the body must be an object such as ${example}` }]);
}
