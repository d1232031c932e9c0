import { once } from 'node:events';
import { Agent, type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest, Agent as SecureAgent } from 'node:https';
import { text } from 'node:stream/consumers';
import { SseError } from '../errors.ts';
import { jsonAnswer } from './json-answer.ts';
import { detailIn, networkReason } from './refusal.ts';

/** Where the admin of a running server is, and what it is shown. */
export interface AdminAccess {
  /** As `findServer` names it. */
  readonly admin: string;
  /** A file with its token. */
  readonly adminTokenFile: string | undefined;
}

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

  /**
   * Sends JSON, or nothing, and waits for the whole answer.
   *
   * @param body undefined for none @throws SseError `request-failed`
   */
  async post(path: string, body?: object, headers: Readonly<Record<string, string>> = {}): Promise<string> {
    const request = this.#request('POST', path, { ...headers, ...(body && { 'content-type': 'application/json' }) });
    request.end(body && JSON.stringify(body));
    return this.#whole(await this.#answer(request));
  }

  /** @param path with its query @returns the JSON that is answered @throws SseError `request-failed` */
  async ask(path: string): Promise<Readonly<Record<string, unknown>>> {
    return jsonAnswer(await this.#whole(await this.get(path)), this.#url);
  }

  /** @returns the JSON that is answered @throws SseError `request-failed` */
  async delete(path: string): Promise<Readonly<Record<string, unknown>>> {
    const request = this.#request('DELETE', path);
    request.end();
    return jsonAnswer(await this.#whole(await this.#answer(request)), this.#url);
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

  async #whole(response: IncomingMessage): Promise<string> {
    try {
      return await text(response);
    } catch (error) {
      throw new SseError('request-failed', `${this.#url} breaks off its answer: ${networkReason(error)}`);
    }
  }

  async #answer(request: ClientRequest): Promise<IncomingMessage> {
    let response: IncomingMessage;
    try {
      [response] = (await once(request, 'response')) as [IncomingMessage];
    } catch (error) {
      throw new SseError('request-failed', `${this.#url} does not answer: ${networkReason(error)}; --url says where a server is`);
    }
    const { statusCode = 0 } = response;
    if (statusCode >= 200 && statusCode < 300) return response;
    const detail = await detailIn(response);
    throw new SseError('request-failed', `${this.#url} answers ${statusCode}: ${detail}${wayOut(statusCode, detail)}`);
  }
}

/** What to do about an answer that says what is wrong there, and cannot know what stood on our command line. */
function wayOut(status: number, detail: string): string {
  // The public port of a server whose admin has a listener of its own knows nothing of admin.
  if (status === 404 && detail.startsWith('there is nothing at'))
    return "; if admin has a listener of its own, --url must name that: the server's first lines and its ready file say where";
  return status === 401 ? '; --admin-token-file FILE shows one' : '';
}
