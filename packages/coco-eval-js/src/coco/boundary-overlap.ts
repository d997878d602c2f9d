import { BoundaryFinder } from '../mask/boundary.ts';
import { intersectionArea, MaskRuns } from '../mask/runs.ts';
import { MaskOverlap } from './mask-overlap.ts';

/**
 * Boundary IoU (Cheng et al. 2021): the smaller of the IoU of two masks and that of their boundaries; of crowd regions the masks alone count, as in
 * faster-coco-eval.
 */
export class BoundaryOverlap extends MaskOverlap {
  readonly #finder = new BoundaryFinder();
  readonly #detection = new MaskRuns();
  readonly #groundTruths: MaskRuns[] = [];
  /** Which boundaries of the pair are known. */
  #known = new Uint8Array(64);
  #detectionKnown = false;

  protected override prepare(gtRows: Int32Array, from: number, to: number): void {
    super.prepare(gtRows, from, to);
    if (to - from > this.#known.length) this.#known = new Uint8Array(2 * (to - from));
    this.#known.fill(0, 0, to - from);
  }

  protected override fillRow(dtRow: number, gtRows: Int32Array, from: number, to: number, at: number): void {
    this.#detectionKnown = false;
    super.fillRow(dtRow, gtRows, from, to, at);
  }

  protected override compareMasks(mask: MaskRuns, other: MaskRuns, g: number, crowd: boolean): number {
    const iou = super.compareMasks(mask, other, g, crowd);
    if (iou === 0 || crowd) return iou;
    if (!this.#detectionKnown) this.#finder.find(mask, this.#detection);
    this.#detectionKnown = true;
    const boundary = (this.#groundTruths[g] ??= new MaskRuns());
    if (this.#known[g] === 0) this.#finder.find(other, boundary);
    this.#known[g] = 1;
    const shared = intersectionArea(this.#detection, boundary);
    return Math.min(iou, shared === 0 ? 0 : shared / (this.#detection.area + boundary.area - shared));
  }
}
