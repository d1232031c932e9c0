/**
 * A sentence of ours with text of others in it, as nodes: each of theirs stands in a `<bdi>`, which the style sheet makes a box of its
 * own. So a name that turns the writing direction turns itself and no word of ours, even one that ends the isolation around it.
 *
 *     place.replaceChildren(...sentence`Kicked ${name}`)
 *
 * @param {readonly string[]} ours
 * @param {readonly string[]} theirs
 * @returns {(string | HTMLElement)[]}
 */
export function sentence(ours, ...theirs) {
  return ours.flatMap((text, index) => {
    if (index === theirs.length) return [text];
    const name = document.createElement('bdi');
    name.textContent = theirs[index] ?? '';
    return [text, name];
  });
}
