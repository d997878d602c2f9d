/** Nothing matched. */
export const NONE = -1;
/** A threshold of 1 still lets an overlap of 1 - 1e-10 pass. */
const HIGHEST = 1 - 1e-10;

/**
 * Greedy matching of one (image, category) pair for one area range (cocoeval.py, evaluateImg). Detections go by score; each takes, at each
 * threshold, the ground truth of highest overlap that is still free. Not ignored ground truths come first, and a match among them is never given
 * up for an ignored one; of equal overlaps the later ground truth wins; a crowd can be matched any number of times.
 */
export class PairMatcher {
  /** `T x D`: position of the matched ground truth inside the pair, or `NONE`; set for active detections. Valid until the next call. */
  dtMatch: Int32Array = new Int32Array(1024);
  /** Positions inside the pair, not ignored first (stable). */
  gtOrder: Int32Array = new Int32Array(64);
  readonly #thresholds: Float64Array;
  /** Detections that reach the lowest threshold with some ground truth: `activeCount` positions. Only they can be matched. */
  active: Int32Array = new Int32Array(128);
  activeCount = 0;
  #taken = new Uint8Array(64);
  readonly #lowest: number;

  constructor(iouThrs: readonly number[]) {
    this.#thresholds = Float64Array.from(iouThrs, (t) => Math.min(t, HIGHEST));
    this.#lowest = Math.min(...this.#thresholds);
  }

  /**
   * @param matrix overlaps, `detections x groundTruths`
   * @param best largest overlap of each detection
   * @param ignored 1 for each ground truth that is ignored in this area range
   * @param crowd 1 for each ground truth that is a crowd region
   */
  match(matrix: Float64Array, best: Float64Array, detections: number, groundTruths: number, ignored: Uint8Array, crowd: Uint8Array): void {
    const thresholds = this.#thresholds;
    this.#reserve(thresholds.length * detections, detections, groundTruths);
    const { dtMatch, active } = this;
    const taken = this.#taken;
    const regular = this.#order(groundTruths, ignored);
    let count = 0;
    for (let d = 0; d < detections; d++) if (best[d]! >= this.#lowest) active[count++] = d;
    this.activeCount = count;
    if (count === 0) return;
    for (let t = 0; t < thresholds.length; t++) {
      const threshold = thresholds[t]!;
      taken.fill(0, 0, groundTruths);
      for (let i = 0; i < count; i++) {
        const d = active[i]!;
        const g = best[d]! < threshold ? NONE : this.#find(matrix, d * groundTruths, groundTruths, regular, threshold, crowd);
        dtMatch[t * detections + d] = g;
        if (g !== NONE) taken[g] = 1;
      }
    }
  }

  /** Puts the not ignored ground truths first and returns their number. */
  #order(groundTruths: number, ignored: Uint8Array): number {
    const { gtOrder } = this;
    let n = 0;
    for (let g = 0; g < groundTruths; g++) if (ignored[g] === 0) gtOrder[n++] = g;
    const regular = n;
    for (let g = 0; g < groundTruths; g++) if (ignored[g] !== 0) gtOrder[n++] = g;
    return regular;
  }

  #find(matrix: Float64Array, row: number, groundTruths: number, regular: number, threshold: number, crowd: Uint8Array): number {
    const { gtOrder } = this;
    const taken = this.#taken;
    let found = NONE;
    let best = threshold;
    for (let i = 0; i < groundTruths; i++) {
      if (i === regular && found !== NONE) break;
      const g = gtOrder[i]!;
      if (taken[g] === 1 && crowd[g] === 0) continue;
      const overlap = matrix[row + g]!;
      if (overlap < best) continue;
      best = overlap;
      found = g;
    }
    return found;
  }

  #reserve(matches: number, detections: number, groundTruths: number): void {
    if (matches > this.dtMatch.length) this.dtMatch = new Int32Array(2 * matches);
    if (detections > this.active.length) this.active = new Int32Array(2 * detections);
    if (groundTruths > this.gtOrder.length) {
      this.gtOrder = new Int32Array(2 * groundTruths);
      this.#taken = new Uint8Array(2 * groundTruths);
    }
  }
}
