/** The page: puts the form, the connection and the list together. */

import { Connection } from './connection.js';
import { EventList } from './event-list.js';
import { fillWish, linkedStream, readWish, streamAddress, streamPath } from './wish.js';
import { absent, controlData, goodbye, missed, opened, refused, runsOut, takingLong } from './words.js';

const PATIENCE = 5_000;
const TITLE = document.title;

/** @param {string} id */
const the = (id) => /** @type {HTMLElement} */ (document.getElementById(id));
const status = the('status');
const countdown = the('countdown');
const hint = the('hint');
const connectButton = /** @type {HTMLButtonElement} */ (the('btnConnect'));
const disconnectButton = /** @type {HTMLButtonElement} */ (the('btnDisconnect'));
const clearButton = /** @type {HTMLButtonElement} */ (the('btnClear'));
const form = /** @type {HTMLFormElement} */ (the('wish'));

let path = streamPath('/sse', location);
/** The server says in this page's `Link` header where its stream is; until that is read, nothing connects. */
/** @type {Promise<void> | undefined} */
let locating = linkedStream(location.pathname).then((told) => {
  path = streamPath(told ?? '/sse', location);
  locating = undefined;
  buttons();
});
const address = () => streamAddress(path, readWish(form), location.origin);

/** @type {Connection | undefined} */
let connection;
/** The state of the connection, or `idle` before the first. */
let now = 'idle';
/** What the connection was made with, to see whether the form has changed since. */
let wish = { ...readWish(form), address: '' };
let who = 'Connected';
let lastId = '';
let unread = 0;
/** Whether the list says already that the stream is away: it is said once, not at each attempt. */
let saidAway = '';
let saidGoodbye = false;
/** @type {ReturnType<typeof setInterval> | undefined} */
let ticking;
/** @type {ReturnType<typeof setTimeout> | undefined} */
let patience;

const list = new EventList({
  list: the('events'),
  jump: the('btnLatest'),
  onChange({ rows, shown, total }) {
    the('empty').hidden = rows > 0;
    if (rows === 0 && clearButton === document.activeElement) the('events').focus();
    clearButton.disabled = rows === 0;
    const all = total.toLocaleString('en');
    the('count').textContent = shown < total ? `the last ${shown.toLocaleString('en')} of ${all}` : total > 0 ? all : '';
  },
});

/** @param {import('./words.js').Note} note */
const note = (note) => list.add({ kind: 'note', time: new Date(), ...note });

/** @param {string} text */
function explain(text) {
  hint.textContent = text;
  hint.hidden = text === '';
}

/** @param {import('./event-stream.js').StreamEvent} event */
function onEvent({ type, data, id }) {
  lastId = id;
  the('last-id').textContent = id || 'none';
  if (!type.startsWith('sse.')) {
    list.add({ kind: 'event', time: new Date(), type, id, data });
    if (document.hidden) document.title = `(${++unread}) ${TITLE}`;
    return;
  }
  if (type === 'sse.cursor') return;
  const said = controlData(data);
  if (type === 'sse.open') {
    const { status: text, notes, explanation } = opened(said, wish);
    who = text;
    status.textContent = who;
    for (const each of notes) note(each);
    explain(explanation);
  } else if (type === 'sse.gap') {
    note(missed(said));
    // It stands in the place of `sse.open`, so who we are for a server that may be another one is not known.
    if (said.reason !== 'evicted') status.textContent = who = 'Connected';
  } else if (type === 'sse.auth') {
    note(runsOut(said));
  } else if (type === 'sse.bye') {
    saidGoodbye = true;
    note(goodbye(said));
  } else {
    note({ tone: 'calm', text: type, detail: data });
  }
}

/** @param {import('./connection.js').State} state */
function onState(state) {
  now = state.name;
  document.body.dataset.state = now;
  clearInterval(ticking);
  clearTimeout(patience);
  countdown.textContent = '';
  if (state.name === 'connecting') {
    status.textContent = 'Connecting…';
    patience = setTimeout(() => explain(takingLong(state.answered)), PATIENCE);
  } else if (state.name === 'open') {
    status.textContent = who;
    saidAway = '';
    saidGoodbye = false;
    explain('');
  } else if (state.name === 'waiting') {
    status.textContent = 'Reconnecting';
    const away = absent(state.why);
    // After a goodbye the end of the stream is no news.
    if (saidAway !== away.text && !(saidGoodbye && state.why.kind === 'ended')) note(away);
    saidAway = away.text;
    countDown(state.until);
  } else if (state.name === 'refused') {
    const no = refused(state);
    status.textContent = no.text;
    explain(no.explanation);
    note({ tone: 'bad', text: no.text });
  } else {
    status.textContent = state.by === 'person' ? 'Disconnected' : 'Disconnected: the server told this page not to come back';
    note({ tone: 'calm', text: state.by === 'person' ? 'Disconnected' : 'The answer was 204: do not come back' });
    explain('');
  }
  buttons();
}

/** @param {number} until */
function countDown(until) {
  // Beside the live region, not in it: a screen reader would read every second aloud.
  const show = () => {
    const seconds = Math.max(0, Math.ceil((until - Date.now()) / 1_000));
    countdown.textContent = `in ${seconds.toLocaleString('en')} s`;
  };
  show();
  ticking = setInterval(show, 250);
}

/**
 * Text that may be broken where one part of an address ends.
 * @param {string} id
 * @param {string} text
 */
function showAddress(id, text) {
  const parts = text.split(/(?<=[?&]|[^/]\/)(?!\/)/);
  the(id).replaceChildren(...parts.flatMap((part) => [part, document.createElement('wbr')]));
}

function buttons() {
  const streaming = now === 'connecting' || now === 'open';
  const running = streaming || now === 'waiting';
  const changed = running && address() !== wish.address;
  showAddress('request', address());
  connectButton.textContent = changed ? 'Connect again' : now === 'waiting' ? 'Connect now' : 'Connect';
  const canConnect = !streaming || changed;
  // A button that is switched off while it has the focus hands it to the other one.
  const focused = document.activeElement;
  connectButton.disabled = !canConnect;
  disconnectButton.disabled = !running;
  if (focused === connectButton && !canConnect) disconnectButton.focus();
  if (focused === disconnectButton && !running) connectButton.focus();
}

function connect() {
  if (locating) return void locating.then(connect);
  if (connection && now === 'waiting' && address() === wish.address) return void connection.open();
  if (connectButton.disabled) return;
  if (connection && now !== 'refused' && now !== 'closed') connection.close();
  wish = { ...readWish(form), address: address() };
  who = 'Connected';
  saidAway = '';
  saidGoodbye = false;
  explain('');
  connection = new Connection({ url: wish.address, lastEventId: wish.start === 'last' ? lastId : '', onState, onEvent });
  connection.open();
}

form.addEventListener('submit', (event) => {
  event.preventDefault();
  connect();
});
form.addEventListener('input', buttons);
disconnectButton.addEventListener('click', () => connection?.close());
clearButton.addEventListener('click', () => list.clear());
addEventListener('online', () => {
  if (now === 'waiting') connection?.open();
});
document.addEventListener('visibilitychange', () => {
  unread = 0;
  document.title = TITLE;
});

// zsh takes the brackets of an IPv6 address for a pattern.
const broadcast = `${location.origin}/admin/broadcast`;
const target = broadcast.includes('[') ? `'${broadcast}'` : broadcast;
/** @param {string} token what shows it, if one is asked for */
function showLines(token = '') {
  showAddress('curl-everyone', `curl -d hello ${token}${target}`);
  showAddress('curl-administrators', `curl -d hello ${token}-H 'X-Filter: profile == "Administrator"' ${target}`);
}
showLines();

// Where publishing has a listener of its own, there is nothing at this address, and a line that fails helps nobody.
void fetch('/admin/stats').then(({ status }) => {
  if (status === 401) showLines('-H "Authorization: Bearer $TOKEN" ');
  for (const part of document.querySelectorAll('.here')) /** @type {HTMLElement} */ (part).hidden = status === 404;
  for (const part of document.querySelectorAll('.elsewhere')) /** @type {HTMLElement} */ (part).hidden = status !== 404;
});

for (const button of document.querySelectorAll('button[data-copy]')) {
  const source = the(button.getAttribute('data-copy') ?? '');
  button.addEventListener('click', async () => {
    // Over plain HTTP from another machine there is no clipboard: select it, and say which keys do it.
    const copied = await navigator.clipboard?.writeText(source.textContent ?? '').then(
      () => true,
      () => false,
    );
    if (!copied) getSelection()?.selectAllChildren(source);
    button.textContent = copied ? 'Copied' : 'Press Ctrl+C';
    the('copied').textContent = copied ? 'Copied' : 'Selected; press Ctrl+C or ⌘C';
  });
  button.addEventListener('blur', () => {
    button.textContent = 'Copy';
  });
}

fillWish(form, new URLSearchParams(location.search));
buttons();
if (new URLSearchParams(location.search).has('connect')) connect();
