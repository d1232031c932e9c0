/** What is wrong with what a person typed, and where. */

import { Refusal } from './api.js';

/**
 * Shows why the server said no; nothing, when it did not.
 * @param {HTMLElement} place
 * @param {unknown} [error] Anything but a refusal is a mistake of the page, and goes on as that.
 */
export function showWrong(place, error) {
  if (error !== undefined && !(error instanceof Refusal)) throw error;
  const issues = error ? (error.issues.length > 0 ? error.issues : [{ pointer: '', detail: error.message }]) : [];
  place.replaceChildren(...issues.flatMap(partsOf));
}

/** @param {import('./api.js').Issue} issue */
function partsOf({ pointer, detail, excerpt }) {
  const text = document.createElement('p');
  // `/filter` is the field of that name; its label says it already where there is but one.
  const field = pointer.replace(/^[/?]/, '');
  text.textContent = field === '' || field === 'filter' ? detail : `${field}: ${detail}`;
  if (excerpt === undefined) return [text];
  const picture = document.createElement('pre');
  picture.className = 'code';
  picture.textContent = excerpt;
  // The caret shows what the sentence before it says.
  picture.setAttribute('aria-hidden', 'true');
  return [text, picture];
}
