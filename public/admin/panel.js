/** A panel beside the lists: it opens with the focus in it, and gives that back where it came from. */

export class PanelElement extends HTMLElement {
  /** @type {HTMLElement | undefined} */
  #from;

  connectedCallback() {
    this.#title.tabIndex = -1;
    this.querySelector('.heading button')?.addEventListener('click', () => this.close());
    this.addEventListener('keydown', (event) => {
      if (event.key === 'Escape') this.close();
    });
  }

  /** What it shows from now on is somebody else's; what it was is over. */
  open() {
    if (this.hidden) this.#from = /** @type {HTMLElement} */ (document.activeElement);
    this.hidden = false;
    this.#title.focus();
    this.#title.scrollIntoView({ block: 'nearest' });
  }

  get #title() {
    return /** @type {HTMLElement} */ (this.querySelector('h2'));
  }

  close() {
    this.hidden = true;
    if (this.#from?.isConnected) this.#from.focus();
  }

  /** @param {string} id */
  the(id) {
    return /** @type {HTMLElement} */ (this.querySelector(`#${id}`));
  }

  /**
   * Fills a list of facts.
   * @param {string} id
   * @param {readonly (readonly [string, string])[]} facts What is empty is left out.
   */
  showFacts(id, facts) {
    const parts = facts
      .filter(([, value]) => value !== '')
      .map(([name, value]) => {
        const pair = document.createElement('div');
        const term = document.createElement('dt');
        const text = document.createElement('dd');
        term.textContent = name;
        text.textContent = value;
        pair.append(term, text);
        return pair;
      });
    this.the(id).replaceChildren(...parts);
  }
}
