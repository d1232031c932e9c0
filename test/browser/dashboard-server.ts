import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import type { Activity } from '../../src/hub/activity.ts';
import type { ServerOptions } from '../../src/index.ts';
import { createSseServer } from '../../src/index.ts';
import { CLIENTS, StreamClient } from '../e2e/stream-clients.ts';
import { until, type WatchedPage, watchedPage } from '../support/chromium.ts';

/** What its clients listen for. */
const TYPES = ['message', 'notice'];
const PROFILES = ['Administrator', 'Member', 'Guest'] as const;

/** A real server with clients that come back by themselves, and its dashboard in a browser. */
export class Dashboard {
  readonly clients: StreamClient[] = [];
  readonly activities: Activity[] = [];
  readonly server: ReturnType<typeof createSseServer>;
  url = '';
  sse = '';
  admin = '';
  #watched: WatchedPage | undefined;

  private constructor(options: ServerOptions) {
    const observe = (activity: Activity) => void this.activities.push(activity);
    this.server = createSseServer({ port: 0, retry: '500ms', drainTime: '500ms', production: false, observe, ...options });
  }

  static async start(options: ServerOptions = {}): Promise<Dashboard> {
    const dashboard = new Dashboard(options);
    return Object.assign(dashboard, await dashboard.server.start());
  }

  /** So many clients, one after another, of three profiles in turn: `user0`, an Administrator, and so on. */
  async crowd(count: number): Promise<void> {
    for (let i = 0; i < count; i++) {
      const client = new StreamClient();
      const who = `id=${i}&login=user${i}&profile=${PROFILES[i % PROFILES.length]}&topic=t${i % 2}`;
      void CLIENTS.eventsource?.(client, `${this.sse}?${who}`, TYPES);
      this.clients.push(client);
      await client.until('it is open', () => client.told('sse.open') === 1);
    }
  }

  /** Opens the dashboard, and waits until it is live. */
  async open(browser: Browser, options: BrowserContextOptions = {}): Promise<Page> {
    const page = await this.visit(browser, options);
    await page.locator('#status', { hasText: 'Live' }).waitFor();
    return page;
  }

  async visit(browser: Browser, options: BrowserContextOptions = {}): Promise<Page> {
    this.#watched = await watchedPage(browser, { viewport: { width: 1280, height: 900 }, ...options });
    await this.#watched.page.goto(this.admin);
    return this.#watched.page;
  }

  /** How often a client with this login has come. */
  arrivals(login: string): number {
    return this.activities.filter((activity) => activity.kind === 'opened' && activity.client.login === login).length;
  }

  /** Ends all. @returns what the page complained of */
  async stop(): Promise<readonly string[]> {
    await this.#watched?.page.context().close();
    await Promise.all(this.clients.map((client) => client.close()));
    await this.server.stop();
    return this.#watched?.complaints ?? [];
  }
}

/** The rows of a list that are in sight, as text. */
export async function rowsOf(page: Page, list: 'clients' | 'events'): Promise<string[]> {
  return page.locator(`#${list}-grid .grid-space .grid-row`).allTextContents();
}

/** The row of a list that has this text. */
export function rowWith(page: Page, list: 'clients' | 'events', hasText: string | RegExp): ReturnType<Page['locator']> {
  return page.locator(`#${list}-grid .grid-space .grid-row`, { hasText });
}

/** Waits until a place says exactly this. Thin spaces count as spaces. */
export function says(page: Page, id: string, text: string): Promise<void> {
  return until(page, `document.getElementById('${id}').textContent.replaceAll('\\u202f', ' ') === ${JSON.stringify(text)}`);
}

const axeSource = readFile(fileURLToPath(import.meta.resolve('axe-core/axe.min.js')), 'utf8');

/** What axe has against a page as it is now. */
export async function axeViolations(page: Page): Promise<string[]> {
  await page.evaluate(await axeSource);
  return page.evaluate(
    'axe.run(document).then(({ violations }) => violations.map((each) => each.id + ": " + each.nodes.map((node) => node.html).join(" | ")))',
  );
}
