import { pairwiseSum } from './pairwise-mean.ts';

/** `numpy.spacing(1)`. */
const EPS = 2 ** -52;

/**
 * Object keypoint similarity (cocoeval.py, computeOks): mean over the labeled keypoints of exp(-d^2 / (2 area (2 sigma)^2)).
 * A ground truth without labeled keypoints measures the distance to its box, widened by one box size on every side.
 */
export class KeypointSimilarity {
  readonly #variances: Float64Array;
  readonly #terms: Float64Array;

  constructor(sigmas: readonly number[]) {
    this.#variances = Float64Array.from(sigmas, (s) => (s * 2) ** 2);
    this.#terms = new Float64Array(sigmas.length);
  }

  /** `gt` and `dt`: `[x, y, v, ...]` columns at offsets; `box`: the ground truth's `[x, y, w, h]` at `boxAt`. */
  compare(gt: Float64Array, gtAt: number, area: number, box: Float64Array, boxAt: number, dt: Float64Array, dtAt: number): number {
    const k = this.#variances.length;
    let labeled = 0;
    for (let i = 0; i < k; i++) if (gt[gtAt + 3 * i + 2]! > 0) labeled++;
    const [x, y, w, h] = [box[boxAt]!, box[boxAt + 1]!, box[boxAt + 2]!, box[boxAt + 3]!];
    const [x0, x1, y0, y1] = [x - w, x + w * 2, y - h, y + h * 2];
    let n = 0;
    for (let i = 0; i < k; i++) {
      if (labeled > 0 && !(gt[gtAt + 3 * i + 2]! > 0)) continue;
      const xd = dt[dtAt + 3 * i]!;
      const yd = dt[dtAt + 3 * i + 1]!;
      const dx = labeled > 0 ? xd - gt[gtAt + 3 * i]! : Math.max(0, x0 - xd) + Math.max(0, xd - x1);
      const dy = labeled > 0 ? yd - gt[gtAt + 3 * i + 1]! : Math.max(0, y0 - yd) + Math.max(0, yd - y1);
      const e = (dx * dx + dy * dy) / this.#variances[i]! / (area + EPS) / 2;
      this.#terms[n++] = Math.exp(-e);
    }
    return pairwiseSum(this.#terms, 0, n) / n;
  }
}
