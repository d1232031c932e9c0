import { setTimeout as delay } from 'node:timers/promises';
import { fetchEventSource } from '@microsoft/fetch-event-source';
import { EventSource } from 'eventsource';
import { createEventSource } from 'eventsource-client';
import { createParser } from 'eventsource-parser';
import { EventSource as LaunchDarklyEventSource } from 'launchdarkly-eventsource';
import type { Browser } from 'playwright-core';
import { watchedPage } from '../support/chromium.ts';
import { Waiting } from '../support/program.ts';
import { isControl, type Received } from './reader.ts';

/** What the server says of a stream; clients that must know types beforehand listen for these as well. */
const CONTROLS = ['sse.open', 'sse.gap', 'sse.cursor', 'sse.bye'];

/** A client of somebody else's make, connected, that comes back by itself. */
export class StreamClient {
  readonly events: Received[] = [];
  readonly controls: Received[] = [];
  readonly #waiting = new Waiting(() => `${this.events.length} events; controls: ${JSON.stringify(this.controls)}`);
  close: () => void | Promise<void> = () => {};

  readonly take = (event: Received): void => {
    (isControl(event) ? this.controls : this.events).push(event);
    this.#waiting.changed();
  };

  until<T>(what: string, condition: () => T | undefined | false | null): Promise<T> {
    return this.#waiting.until(what, condition);
  }

  has(count: number): Promise<boolean> {
    return this.until(`there are ${count} events`, () => this.events.length >= count);
  }

  /** How many control events of a type there were. */
  told(type: string): number {
    return this.controls.filter((event) => event.type === type).length;
  }
}

/** Connects a client that hears these types. */
export type Connect = (client: StreamClient, url: string, types: readonly string[]) => void | Promise<void>;

/** It is made for browsers. */
function pretendBrowser(): void {
  const nothing = () => {};
  Object.assign(globalThis, {
    window: globalThis,
    document: { hidden: false, addEventListener: nothing, removeEventListener: nothing },
  });
}

/** The clients from npm, by name. */
export const CLIENTS: Readonly<Record<string, Connect>> = {
  eventsource(client, url, types) {
    const source = new EventSource(url);
    for (const type of [...types, ...CONTROLS])
      source.addEventListener(type, ({ lastEventId, data }: MessageEvent) => client.take({ type, id: lastEventId, data }));
    client.close = () => source.close();
  },

  'eventsource-client'(client, url) {
    const source = createEventSource({
      url,
      onMessage: ({ id = '', event = 'message', data }) => client.take({ type: event, id, data }),
    });
    client.close = () => source.close();
  },

  'launchdarkly-eventsource'(client, url, types) {
    const source = new LaunchDarklyEventSource(url);
    for (const type of [...types, ...CONTROLS])
      source.addEventListener(type, ({ lastEventId, data }) => client.take({ type, id: lastEventId, data }));
    // Without a listener, a lost connection would be an uncaught error.
    source.addEventListener('error', () => {});
    client.close = () => source.close();
  },

  '@microsoft/fetch-event-source'(client, url) {
    pretendBrowser();
    const abort = new AbortController();
    void fetchEventSource(url, {
      signal: abort.signal,
      openWhenHidden: true,
      onmessage: ({ id, event, data }) => client.take({ type: event || 'message', id, data }),
      // It takes a clean end as finished unless this throws.
      onclose: () => {
        throw new Error('come back');
      },
    });
    client.close = () => abort.abort();
  },

  'eventsource-parser over fetch'(client, url) {
    const abort = new AbortController();
    void (async () => {
      let lastEventId = '';
      let retry = 2000;
      for (;;) {
        const parser = createParser({
          onRetry: (ms) => {
            retry = ms;
          },
          onEvent: ({ id, event = 'message', data }) => {
            lastEventId = id ?? lastEventId;
            client.take({ type: event, id: lastEventId, data });
          },
        });
        try {
          const headers = { accept: 'text/event-stream', ...(lastEventId && { 'last-event-id': lastEventId }) };
          const { body } = await fetch(url, { headers, signal: abort.signal });
          for await (const text of body?.pipeThrough(new TextDecoderStream()) ?? []) parser.feed(text);
        } catch {
          if (abort.signal.aborted) return;
        }
        await delay(retry, undefined, { signal: abort.signal }).catch(() => {});
        if (abort.signal.aborted) return;
      }
    })();
    client.close = () => abort.abort();
  },
};

/** The EventSource of a browser, on a page of the server's own. */
export function inBrowser(browser: Browser): Connect {
  return async (client, url, types) => {
    const { page } = await watchedPage(browser);
    client.close = () => page.context().close();
    await page.exposeFunction('take', client.take);
    await page.goto(new URL('/', url).href);
    await page.evaluate(`{
      const source = new EventSource(${JSON.stringify(url)});
      for (const type of ${JSON.stringify([...types, ...CONTROLS])})
        source.addEventListener(type, ({ lastEventId, data }) => take({ type, id: lastEventId, data }));
    }`);
  };
}
