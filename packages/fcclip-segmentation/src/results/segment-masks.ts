import type { LabelMap, Mask } from '@vitamin-vlm/core';

/**
 * The mask of every number in a map, in one pass: of labels or of segments, among them that which marks nothing.
 *
 * @example
 * ```ts
 * import { segmentMasks } from '@vitamin-vlm/fcclip-segmentation';
 * const masks = segmentMasks({ width: 2, height: 1, data: Uint8Array.of(7, 0) });
 * console.log([...masks.get(7)!.counts]); // [ 0, 1, 1 ]
 * ```
 */
export function segmentMasks({ width, height, data }: LabelMap): Map<number, Mask> {
  const runs = new Map<number, Runs>();
  const pixels = width * height;
  for (let x = 0, at = 0; x < width; x++) {
    for (let y = 0; y < height;) {
      const from = at;
      const value = data[y * width + x]!;
      for (; y < height && data[y * width + x] === value; y++) at++;
      let own = runs.get(value);
      if (!own) runs.set(value, (own = { counts: [], end: 0 }));
      extend(own, from, at);
    }
  }
  const masks = [...runs].map(([value, { counts, end }]): [number, Mask] => {
    if (end < pixels) counts.push(pixels - end);
    return [value, { size: [height, width], counts: Uint32Array.from(counts) }];
  });
  return new Map(masks);
}

/** Lengths of runs outside and inside in turn, up to place `end`, which is inside. */
interface Runs {
  readonly counts: number[];
  end: number;
}

/** Adds the places from `from` to before `to`, which lie behind all others. */
function extend(runs: Runs, from: number, to: number): void {
  const { counts, end } = runs;
  if (from === end && counts.length > 0) counts[counts.length - 1]! += to - from;
  else counts.push(from - end, to - from);
  runs.end = to;
}
