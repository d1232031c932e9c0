import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { chromium } from 'playwright-core';
import { missing } from './needs.ts';

/**
 * The system's Chromium for tests in a browser; nothing is downloaded. `CHROMIUM` names one, else the usual places are
 * looked at. Where there is none, a laptop skips these tests and says so; CI (`CI=true`) must not, or a broken image
 * would turn the whole suite green by leaving it out.
 */

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];
const MAC = [
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
];

/** How long anything may take in the browser, in ms. Only a failure takes so long; a busy machine may need most of it. */
const PATIENCE = 15_000;

/** What the browser would otherwise do beside the test: talk to the network, ask, or need privileges that containers lack. */
const ARGUMENTS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** The path of a Chromium, or undefined. A `CHROMIUM` that cannot be run is an error, not a reason to look elsewhere. */
export function findChromium(env: NodeJS.ProcessEnv = process.env): string | undefined {
  if (env.CHROMIUM) {
    if (!runs(env.CHROMIUM)) throw new Error(`CHROMIUM=${env.CHROMIUM} is not a program that can be run`);
    return env.CHROMIUM;
  }
  const folders = ['/usr/bin', ...(env.PATH ?? '').split(delimiter).filter(Boolean)];
  return [...NAMES.flatMap((name) => folders.map((folder) => join(folder, name))), ...MAC].find(runs);
}

function runs(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/**
 * For the `skip` of a suite: false where it can run, else the reason. Throws where it must run and cannot.
 *
 *     describe('the page', { skip: whyNoChromium() }, …)
 */
export function whyNoChromium(env: NodeJS.ProcessEnv = process.env): string | false {
  if (findChromium(env)) return false;
  return missing(`no Chromium: install ${NAMES[0]}, or set CHROMIUM to the path of one`, env);
}

/** A headless browser; the caller closes it. */
export function launchChromium(): Promise<Browser> {
  const executablePath = findChromium();
  if (!executablePath) throw new Error(String(whyNoChromium()));
  return chromium.launch({ executablePath, args: ARGUMENTS, headless: true });
}

/** A page that is watched: `complaints` collects errors of its scripts and breaches of its content security policy. */
export interface WatchedPage {
  readonly page: Page;
  readonly complaints: readonly string[];
}

/** Opens a page in a context of its own (so nothing is shared between tests) that gives up waiting after a while. */
export async function watchedPage(browser: Browser, options: BrowserContextOptions = {}): Promise<WatchedPage> {
  const context = await browser.newContext(options);
  context.setDefaultTimeout(PATIENCE);
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('dialog', (dialog) => {
    complaints.push(`a dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on('console', (message) => {
    // A status such as 401 is an "error" for the console as well; tests that want none look at it themselves.
    if (message.type() === 'error' && !message.text().startsWith('Failed to load resource')) complaints.push(message.text());
  });
  await page.exposeFunction('reportBreach', (text: string) => complaints.push(`policy: ${text}`));
  await page.addInitScript(
    "addEventListener('securitypolicyviolation', (event) => reportBreach(event.violatedDirective + ' ' + event.blockedURI))",
  );
  return { page, complaints };
}

/**
 * Waits until an expression holds in the page, looking once per frame. Playwright's `waitForFunction` evaluates in the page
 * what it is given, which a strict content security policy forbids.
 */
export async function until(page: Page, expression: string): Promise<void> {
  const deadline = Date.now() + PATIENCE;
  while (!(await page.evaluate(`new Promise((look) => requestAnimationFrame(() => look(${expression})))`))) {
    if (Date.now() > deadline) throw new Error(`waited in vain until ${expression}`);
  }
}
