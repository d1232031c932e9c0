import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { openInBrowser } from '../../src/cli/open-in-browser.ts';
import { temporaryFolder } from '../support/program.ts';

const URL = "http://localhost:2015/?a='b c'&d;e";

// As the server does: an opener by itself keeps no program alive.
const alive = setInterval(() => {}, 1000);
after(() => clearInterval(alive));

/** An opener that writes down what it was given, and ends with a code. */
function opener(name: string, code: number): { readonly env: NodeJS.ProcessEnv; given(): string } {
  const folder = temporaryFolder();
  writeFileSync(join(folder, name), `#!/bin/sh\nprintf '%s|' "$@" > '${folder}/given'\nexit ${code}\n`, { mode: 0o755 });
  return { env: { PATH: folder, DISPLAY: ':0' }, given: () => readFileSync(join(folder, 'given'), 'utf8') };
}

test('the opener of the platform gets the URL as one word, which no shell reads', {
  skip: process.platform === 'win32',
}, async () => {
  for (const [platform, name, given] of [
    ['linux', 'xdg-open', `${URL}|`],
    ['darwin', 'open', `${URL}|`],
    ['win32', 'rundll32', `url.dll,FileProtocolHandler|${URL}|`],
  ] as const) {
    const found = opener(name, 0);
    assert.equal(await openInBrowser(URL, { platform, env: found.env }), true, platform);
    assert.equal(found.given(), given);
  }
});

test('without an opener, with one that finds no browser, or without a display nothing is opened', async () => {
  const found = opener('xdg-open', 3);
  assert.equal(await openInBrowser(URL, { platform: 'linux', env: found.env }), false);
  assert.equal(await openInBrowser(URL, { platform: 'linux', env: { PATH: temporaryFolder(), DISPLAY: ':0' } }), false);
  const { PATH } = opener('xdg-open', 0).env;
  assert.equal(await openInBrowser(URL, { platform: 'linux', env: { PATH } }), false);
});
