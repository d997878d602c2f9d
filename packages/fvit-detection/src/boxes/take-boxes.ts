/** The boxes at these places, in this order. */
export function takeBoxes(boxes: Float32Array, places: ArrayLike<number>): Float32Array {
  const taken = new Float32Array(4 * places.length);
  for (let i = 0; i < places.length; i++) {
    for (let k = 0; k < 4; k++) taken[4 * i + k] = boxes[4 * places[i]! + k]!;
  }
  return taken;
}
