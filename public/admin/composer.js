/** `<sse-composer>`: an event, whom it would reach, and the line that sends the same. */

import { ask } from './api.js';
import { curlOf, draftOf } from './draft.js';
import { nameOf } from './mirror.js';
import { counted, whole } from './numbers.js';
import { receiptText } from './receipt.js';
import { showWrong } from './wrong.js';

/** Between the last key and the question whom it would reach, in ms. */
const PAUSE = 200;
/** While clients come and go, the server is asked at most this often, in ms. */
const AGAIN = 1_000;
/** How long a receipt is waited for. */
const WAIT = '2s';

export class ComposerElement extends HTMLElement {
  /** Whether a line for a shell needs the token. */
  hasToken = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #asking;
  /** @type {AbortController | undefined} */
  #question;
  #sending = false;

  connectedCallback() {
    const form = this.#form;
    form.addEventListener('input', () => this.#changed(PAUSE));
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      void this.#send();
    });
    // Enter makes a line in the data; with Ctrl or ⌘ it sends.
    this.#the('draft-data').addEventListener('keydown', (event) => {
      if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) form.requestSubmit();
    });
    this.#the('draft-copy').addEventListener('click', () => void this.#copy());
    this.#the('draft-copy').addEventListener('blur', () => {
      this.#the('draft-copy').textContent = 'Copy as curl';
    });
  }

  /** Who is connected has changed, or whether there is a token. */
  refresh() {
    this.#showLine();
    this.#asking ??= setTimeout(() => void this.#preview(), AGAIN);
  }

  /** Writes to those whom a filter has. @param {string} filter */
  sendTo(filter) {
    /** @type {HTMLInputElement} */ (this.#the('draft-filter')).value = filter;
    this.#changed(0);
    this.#the('draft-data').focus();
  }

  get #form() {
    return /** @type {HTMLFormElement} */ (this.querySelector('form'));
  }

  get #draft() {
    return draftOf(new FormData(this.#form));
  }

  /** @param {string} id */
  #the(id) {
    return /** @type {HTMLElement} */ (this.querySelector(`#${id}`));
  }

  /** @param {number} pause */
  #changed(pause) {
    this.#showLine();
    clearTimeout(this.#asking);
    this.#asking = setTimeout(() => void this.#preview(), pause);
  }

  #showLine() {
    const url = new URL('broadcast', location.href).href;
    this.#setText('draft-curl', curlOf(this.#draft, { url, hasToken: this.hasToken }));
  }

  async #preview() {
    this.#question?.abort();
    this.#question = new AbortController();
    const { signal } = this.#question;
    try {
      const { matched, total, first } = await ask('POST', 'broadcast?dryRun', { body: this.#draft, signal });
      const names = first.slice(0, 5).map(nameOf).join(', ');
      const rest = matched > 5 ? ` and ${whole(matched - 5)} more` : '';
      this.#setText(
        'draft-audience',
        `For ${whole(matched)} of ${counted(total, 'client')}${matched > 0 ? `: ${names}${rest}` : ''}`,
      );
      this.#showWrong();
    } catch (error) {
      if (signal.aborted) return;
      this.#setText('draft-audience', '');
      this.#showWrong(error);
    }
    this.#asking = undefined;
  }

  async #send() {
    if (this.#sending) return;
    this.#sending = true;
    this.#tell('Sending…');
    try {
      const receipt = await ask('POST', `broadcast?wait=${WAIT}`, { body: this.#draft });
      this.#showWrong();
      this.#tell(`${receiptText(receipt)} ${receipt.id}`);
    } catch (error) {
      this.#tell('Not sent.', true);
      this.#showWrong(error);
    } finally {
      this.#sending = false;
    }
  }

  async #copy() {
    const source = this.#the('draft-curl');
    // Over plain HTTP from another machine there is no clipboard: select it, and say which keys do it.
    const copied = await navigator.clipboard?.writeText(source.textContent ?? '').then(
      () => true,
      () => false,
    );
    if (!copied) getSelection()?.selectAllChildren(source);
    this.#the('draft-copy').textContent = copied ? 'Copied' : 'Press Ctrl+C';
  }

  /** @param {unknown} [error] */
  #showWrong(error) {
    showWrong(this.#the('draft-wrong'), error);
    this.#the('draft-filter').setAttribute('aria-invalid', String(error !== undefined));
  }

  /**
   * What came of sending.
   * @param {string} text
   */
  #tell(text, failed = false) {
    this.#the('draft-receipt').classList.toggle('failed', failed);
    this.#setText('draft-receipt', text);
  }

  /** The same text again is no news for a screen reader. @param {string} id @param {string} text */
  #setText(id, text) {
    const place = this.#the(id);
    if (place.textContent !== text) place.textContent = text;
  }
}
