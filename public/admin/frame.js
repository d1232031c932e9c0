/** One change of the page a frame, however much happens in between. A page in the background gets no frames, and keeps what is due. */

/** @type {Set<() => void>} */
const due = new Set();
let isAsked = false;

/**
 * Asks for a paint in the next frame; asking again before it changes nothing.
 * @param {() => void} painter The same function each time.
 */
export function paint(painter) {
  due.add(painter);
  if (!isAsked) requestAnimationFrame(run);
  isAsked = true;
}

function run() {
  try {
    // What a painter asks for is painted in the same frame, or half of a change would be seen.
    for (const painter of due) {
      due.delete(painter);
      painter();
    }
  } finally {
    isAsked = false;
  }
}
