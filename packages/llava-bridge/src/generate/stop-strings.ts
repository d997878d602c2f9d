/**
 * Text up to the first of some strings, as it comes: what may yet become one of them is held back until it is known.
 *
 * @param pieces - Text in pieces of any size.
 * @param stops - Where to end; none of them is given out.
 * @returns Whether one of them was found.
 */
export async function* untilStop(pieces: AsyncIterable<string>, stops: readonly string[]): AsyncGenerator<string, boolean, undefined> {
  const wanted = stops.filter((stop) => stop !== '');
  let held = '';
  for await (const piece of pieces) {
    held += piece;
    const found = wanted.map((stop) => held.indexOf(stop)).filter((at) => at !== -1);
    if (found.length > 0) {
      const text = held.slice(0, Math.min(...found));
      if (text !== '') yield text;
      return true;
    }
    const keep = Math.max(0, ...wanted.map((stop) => overlap(held, stop)));
    const text = held.slice(0, held.length - keep);
    held = held.slice(held.length - keep);
    if (text !== '') yield text;
  }
  if (held !== '') yield held;
  return false;
}

/** Length of the longest end of a text that a stop string begins with. */
function overlap(text: string, stop: string): number {
  for (let length = Math.min(text.length, stop.length - 1); length > 0; length--) if (text.endsWith(stop.slice(0, length))) return length;
  return 0;
}
