/** What a receipt says, in a sentence. Pure. */

import { counted, whole } from './numbers.js';

/**
 * How far an event has got: `flushed` is handed to the kernel, `behind` not yet written or not yet flushed.
 * @typedef {{ id: string, matched: number, written: number, flushed: number, behind: number, closed: number }} Receipt
 */

/** @param {Receipt} receipt */
export function receiptText({ matched, flushed, behind, closed }) {
  if (matched === 0) return 'It was for nobody who is connected.';
  const rest = [behind > 0 && `${whole(behind)} behind`, closed > 0 && `${whole(closed)} gone before`].filter(Boolean);
  return `${whole(flushed)} of ${counted(matched, 'client')} ${flushed === 1 ? 'has' : 'have'} it${rest.length > 0 ? `; ${rest.join(', ')}` : ''}.`;
}
