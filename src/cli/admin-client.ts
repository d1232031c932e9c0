import { once } from 'node:events';
import { Agent, type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest, Agent as SecureAgent } from 'node:https';
import { text } from 'node:stream/consumers';
import { SseError } from '../errors.ts';

/** Asks the admin routes of a running server, one thing after another on one connection. */
export class AdminClient {
  readonly #url: string;
  readonly #base: URL;
  readonly #socketPath: string | undefined;
  readonly #token: string | undefined;
  readonly #agent: Agent;

  /** @param url its origin, or any URL at it; `unix:PATH` for a socket */
  constructor(url: string, token?: string) {
    this.#url = url;
    this.#socketPath = url.startsWith('unix:') ? url.slice('unix:'.length) : undefined;
    this.#base = new URL(this.#socketPath === undefined ? url : 'http://localhost');
    this.#token = token;
    this.#agent = new (this.#base.protocol === 'https:' ? SecureAgent : Agent)({ keepAlive: true, maxSockets: 1 });
  }

  /** @param path with its query @throws SseError `request-failed` for whatever is no answer of 2xx */
  async get(path: string): Promise<IncomingMessage> {
    const request = this.#request('GET', path);
    request.end();
    return this.#answer(request);
  }

  /** Sends JSON and waits for the whole answer. @throws SseError `request-failed` */
  async post(path: string, body: object): Promise<void> {
    const request = this.#request('POST', path, { 'content-type': 'application/json' });
    request.end(JSON.stringify(body));
    await text(await this.#answer(request));
  }

  close(): void {
    this.#agent.destroy();
  }

  #request(method: string, path: string, headers: Readonly<Record<string, string>> = {}): ClientRequest {
    const make = this.#base.protocol === 'https:' ? httpsRequest : httpRequest;
    const authorization = this.#token === undefined ? {} : { authorization: `Bearer ${this.#token}` };
    return make(new URL(path, this.#base), {
      method,
      agent: this.#agent,
      headers: { ...headers, ...authorization },
      ...(this.#socketPath !== undefined && { socketPath: this.#socketPath }),
    });
  }

  async #answer(request: ClientRequest): Promise<IncomingMessage> {
    let response: IncomingMessage;
    try {
      [response] = (await once(request, 'response')) as [IncomingMessage];
    } catch (error) {
      throw new SseError('request-failed', `${this.#url} does not answer: ${reasonOf(error)}`);
    }
    const { statusCode = 0 } = response;
    if (statusCode >= 200 && statusCode < 300) return response;
    throw new SseError('request-failed', `${this.#url} answers ${statusCode}: ${detailOf(await text(response))}`);
  }
}

function reasonOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  return code === 'ECONNREFUSED' || code === 'ENOENT' ? 'no server listens there' : message || String(code);
}

/** What an RFC 9457 problem says, or whatever else came, in one line. */
function detailOf(body: string): string {
  try {
    const { detail } = JSON.parse(body) as { detail?: unknown };
    if (typeof detail === 'string') return detail;
  } catch {
    // Not a server of ours.
  }
  return body.split('\n', 1)[0]?.slice(0, 200) || 'no more is said';
}
