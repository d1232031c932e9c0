/** The dashboard: puts the feed and the parts of the page together. */

import { Connection } from '../connection.js';
import { ask, signedOut } from './api.js';
import { ChartElement } from './chart.js';
import { ClientsElement } from './clients.js';
import { ComposerElement } from './composer.js';
import { EventElement } from './event.js';
import { EventsElement } from './events.js';
import { Rates } from './rates.js';
import { SignInElement } from './sign-in.js';
import { TapElement } from './tap.js';
import { TilesElement } from './tiles.js';

const ELEMENTS = {
  'sse-chart': ChartElement,
  'sse-clients': ClientsElement,
  'sse-composer': ComposerElement,
  'sse-event': EventElement,
  'sse-events': EventsElement,
  'sse-sign-in': SignInElement,
  'sse-tap': TapElement,
  'sse-tiles': TilesElement,
};
for (const [name, element] of Object.entries(ELEMENTS)) customElements.define(name, element);

/**
 * @template {keyof typeof ELEMENTS} Name
 * @param {Name} name
 */
const the = (name) => /** @type {InstanceType<typeof ELEMENTS[Name]>} */ (document.querySelector(name));
/** @param {string} id */
const byId = (id) => /** @type {HTMLElement} */ (document.getElementById(id));

const clients = the('sse-clients');
const events = the('sse-events');
const composer = the('sse-composer');
const tiles = the('sse-tiles');
const tap = the('sse-tap');
const event = the('sse-event');
const signIn = the('sse-sign-in');
const charts = /** @type {NodeListOf<ChartElement>} */ (document.querySelectorAll('sse-chart'));
const status = byId('status');
const hint = byId('hint');
const signOut = byId('sign-out');

let rates = new Rates();

/** @param {import('../event-stream.js').StreamEvent} event */
function onEvent({ type, data }) {
  const told = JSON.parse(data);
  if (type === 'stats') return onVitals(told);
  clients.take(type, told);
  events.take(type, told);
  if (type === 'joined' || type === 'left') tiles.count(told.clients);
  if (type === 'ready' || type === 'joined' || type === 'left' || type === 'renewed') composer.refresh();
}

/** @param {import('./rates.js').Vitals} vitals */
function onVitals(vitals) {
  const pace = rates.add(vitals);
  const { clients: count, slow, gaps } = vitals;
  tiles.show(pace ?? { clients: count, slow, gaps, events: 0, deliveries: 0, bytes: 0 });
  if (!pace) return;
  for (const chart of charts) chart.add(pace[/** @type {'clients' | 'deliveries'} */ (chart.dataset.series)]);
}

/** @param {import('../connection.js').State} state */
function onState(state) {
  document.body.dataset.state = state.name;
  hint.hidden = true;
  if (state.name === 'connecting') {
    if (status.textContent !== 'Reconnecting') status.textContent = 'Connecting…';
  } else if (state.name === 'open') {
    status.textContent = 'Live';
    clients.lost();
    rates = new Rates();
  } else if (state.name === 'waiting') {
    status.textContent = 'Reconnecting';
    clients.lost();
  } else if (state.name === 'refused' && state.status === 401) {
    status.textContent = 'Not signed in';
    askForToken();
  } else if (state.name === 'refused') {
    status.textContent = `Refused: ${state.status} ${state.title}`;
    hint.textContent = state.detail;
    hint.hidden = state.detail === '';
  }
}

const feed = new Connection({ url: 'events', onState, onEvent });

async function begin() {
  byId('board').hidden = false;
  void feed.open();
  const { hasToken } = await ask('GET', 'session').catch(() => ({ hasToken: false }));
  signOut.hidden = !hasToken;
  composer.hasToken = hasToken;
  composer.refresh();
}

function askForToken() {
  byId('board').hidden = true;
  signOut.hidden = true;
  signIn.open();
}

signIn.addEventListener('signed-in', () => void begin());
signedOut.addEventListener('signed-out', askForToken);
signOut.addEventListener('click', async () => {
  feed.close();
  tap.close();
  await ask('DELETE', 'session').catch(() => {});
  status.textContent = 'Signed out';
  askForToken();
});
addEventListener('tap', (told) => tap.tap(/** @type {CustomEvent} */ (told).detail));
addEventListener('look', (told) => void event.look(/** @type {CustomEvent} */ (told).detail));
addEventListener('send-to', (told) => composer.sendTo(/** @type {CustomEvent} */ (told).detail));

void begin();
