/** The admin API, as the page asks it. Addresses are relative, so that a proxy may put the page anywhere. */

/**
 * One thing that is wrong with a request, and where.
 * @typedef {{ pointer: string, detail: string, position?: number, excerpt?: string }} Issue
 */

/** An answer that is no: RFC 9457 where the server speaks that, else the status. A status of 0 is no answer at all. */
export class Refusal extends Error {
  status;
  /** @type {readonly Issue[]} */
  issues;

  /**
   * @param {number} status
   * @param {string} detail
   * @param {readonly Issue[]} [issues]
   */
  constructor(status, detail, issues = []) {
    super(detail);
    this.status = status;
    this.issues = issues;
  }
}

/** Hears that the session is over. */
export const signedOut = new EventTarget();

/**
 * Asks, and reads the JSON of the answer.
 * @param {string} method
 * @param {string} path Below `/admin/`.
 * @param {{ body?: object, token?: string, signal?: AbortSignal }} [parts]
 * @returns {Promise<any>}
 * @throws {Refusal} Also an `AbortError`, if the signal says so.
 */
export async function ask(method, path, { body, token, signal } = {}) {
  const headers = new Headers({ Accept: 'application/json' });
  if (body) headers.set('Content-Type', 'application/json');
  if (token !== undefined) headers.set('Authorization', `Bearer ${token}`);
  /** @type {Response} */
  let response;
  try {
    response = await fetch(path, { method, headers, body: body && JSON.stringify(body), signal, cache: 'no-store' });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new Refusal(0, 'The server does not answer');
  }
  if (response.ok) return response.json();
  if (response.status === 401 && token === undefined) signedOut.dispatchEvent(new Event('signed-out'));
  throw await refusal(response);
}

/** @param {Response} response */
async function refusal(response) {
  const problem = await response.json().catch(() => ({}));
  return new Refusal(response.status, problem.detail ?? response.statusText, problem.errors);
}
