/** `<sse-sign-in>`: asks for the token once; a cookie that no script can read takes its place. */

import { ask, Refusal } from './api.js';

export class SignInElement extends HTMLElement {
  connectedCallback() {
    const form = /** @type {HTMLFormElement} */ (this.querySelector('form'));
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      void this.#signIn();
    });
  }

  /** Asks. `signed-in` says that it was given. */
  open() {
    if (!this.hidden) return;
    this.hidden = false;
    this.#token.focus();
  }

  get #token() {
    return /** @type {HTMLInputElement} */ (this.querySelector('#token'));
  }

  async #signIn() {
    const wrong = /** @type {HTMLElement} */ (this.querySelector('.wrong'));
    wrong.textContent = '';
    const token = this.#token.value.trim();
    // A header holds visible ASCII; anything else is no token, and fetch() would throw.
    if (!/^[!-~]+$/.test(token)) {
      wrong.textContent = token === '' ? 'Type or paste the token.' : 'This is not the token.';
      return;
    }
    try {
      await ask('POST', 'session', { token });
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      wrong.textContent = error.status === 401 || error.status === 403 ? 'This is not the token.' : error.message;
      return;
    }
    this.#token.value = '';
    this.hidden = true;
    this.dispatchEvent(new Event('signed-in'));
  }
}
