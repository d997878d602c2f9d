/** A small repeatable generator (mulberry32), so that a failing random case can be run again. */
export function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** Boxes [x1, y1, x2, y2] inside a square of this side, a few of them without an area. */
export function randomBoxes(next: () => number, count: number, side: number): Float32Array {
  const boxes = new Float32Array(4 * count);
  for (let i = 0; i < count; i++) {
    const [x, y] = [next() * side * 0.8, next() * side * 0.8];
    const [width, height] = i % 17 === 0 ? [0, 0] : [1 + next() * side * 0.2, 1 + next() * side * 0.2];
    boxes.set([x, y, x + width, y + height], 4 * i);
  }
  return boxes;
}
