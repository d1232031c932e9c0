import { STATUS_CODES } from 'node:http';
import type { ErrorCode, SseError } from '../errors.ts';

/** The status of each error that can reach an HTTP client; the compiler keeps it complete. */
export const STATUS: Readonly<Record<ErrorCode, number>> = {
  'invalid-event': 400,
  'invalid-filter': 400,
  'invalid-request': 400,
  'invalid-header': 400,
  unauthenticated: 401,
  'invalid-credential': 401,
  forbidden: 403,
  'not-found': 404,
  'method-not-allowed': 405,
  'not-acceptable': 406,
  timeout: 408,
  conflict: 409,
  'too-large': 413,
  'uri-too-long': 414,
  'unsupported-media-type': 415,
  misdirected: 421,
  'address-limit': 429,
  'identity-limit': 429,
  'connect-rate': 429,
  'publish-rate': 429,
  'too-many-headers': 431,
  unverifiable: 503,
  'at-capacity': 503,
  'not-started': 503,
  stopping: 503,
  overloaded: 503,
  'store-failed': 503,
  // Of a reload; a start ends by it.
  'invalid-config': 422,
  // These end a start and never reach a client; if one did, it would be our defect.
  'address-in-use': 500,
  'store-in-use': 500,
  'start-failed': 500,
  // What a client command met at the server that it asked.
  'request-failed': 500,
};

/** An RFC 9457 problem. */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  /** Our extension: the error's code, stable for programs. */
  readonly code: ErrorCode;
  /** Our extension: each thing that is wrong, and where. */
  readonly errors?: SseError['issues'];
  /** Our extension: what the log names this request by. Not `instance`, which is a URI that leads somewhere. */
  readonly requestId: string;
}

export function problemOf(error: SseError, requestId: string): Problem {
  const status = STATUS[error.code];
  const { code, message: detail, issues } = error;
  // about:blank: the title is the status, and `code` tells the rest (RFC 9457 §4.2.1).
  return {
    type: 'about:blank',
    title: STATUS_CODES[status] ?? '',
    status,
    detail,
    code,
    ...(issues.length > 0 && { errors: issues }),
    requestId,
  };
}
