import type { Detections, GroundTruth } from './columns.ts';
import { KeypointSimilarity } from './oks.ts';
import { Overlap } from './overlap.ts';

/** Object keypoint similarity in the place of an overlap. */
export class KeypointOverlap extends Overlap {
  readonly #similarity: KeypointSimilarity;

  constructor(gt: GroundTruth, dt: Detections, sigmas: readonly number[]) {
    super(gt, dt);
    this.#similarity = new KeypointSimilarity(sigmas);
  }

  protected fillRow(dtRow: number, gtRows: Int32Array, from: number, to: number, at: number): void {
    const { gt, dt } = this;
    const stride = 3 * gt.keypointCount;
    for (let r = from; r < to; r++) {
      const row = gtRows[r]!;
      this.matrix[at++] = this.#similarity.compare(
        gt.keypoints!,
        stride * row,
        gt.area[row]!,
        gt.bbox!,
        4 * row,
        dt.keypoints!,
        stride * dtRow,
      );
    }
  }
}
