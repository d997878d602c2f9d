import { CocoEvalError } from '../errors.ts';
import type { Detections, GroundTruth } from './columns.ts';

/** Overlaps of one pair take 8 bytes each: 512 MiB. Reached only where tens of thousands of detections meet as many ground truths. */
const MAX_OVERLAPS = 2 ** 26;

/**
 * Overlap of the detections and ground truths of one (image, category) pair. `dtRows[dtFrom..dtTo]` and `gtRows[gtFrom..gtTo]` are positions in the
 * columns; the result is row-major, detections x ground truths, in `matrix`.
 */
export abstract class Overlap {
  matrix: Float64Array = new Float64Array(1024);
  protected readonly gt: GroundTruth;
  protected readonly dt: Detections;

  constructor(gt: GroundTruth, dt: Detections) {
    this.gt = gt;
    this.dt = dt;
  }

  /** Compares the pair. With no ground truths nothing is compared, but areas that come from masks are still found. */
  compute(dtRows: Int32Array, dtFrom: number, dtTo: number, gtRows: Int32Array, gtFrom: number, gtTo: number): void {
    const groundTruths = gtTo - gtFrom;
    const need = (dtTo - dtFrom) * groundTruths;
    if (need > MAX_OVERLAPS) {
      throw new CocoEvalError('LIMIT', `Expected at most ${MAX_OVERLAPS} overlaps in one image and category but ${need} are asked for`);
    }
    if (need > this.matrix.length) this.matrix = new Float64Array(Math.min(MAX_OVERLAPS, 2 * need));
    if (groundTruths === 0) {
      for (let d = dtFrom; d < dtTo; d++) this.findArea(dtRows[d]!);
      return;
    }
    this.prepare(gtRows, gtFrom, gtTo);
    for (let d = dtFrom; d < dtTo; d++) this.fillRow(dtRows[d]!, gtRows, gtFrom, gtTo, (d - dtFrom) * groundTruths);
  }

  /** Finds an area that the annotation does not state. */
  findGroundTruthArea(_row: number): void {
    // Boxes give it when they are read.
  }

  /** Looks at ground truths that are compared with nothing, so that a fault in them does not depend on the detections. */
  checkGroundTruths(_gtRows: Int32Array, _from: number, _to: number): void {
    // Everything was checked when it was read, but for masks.
  }

  /** Called once for each pair, before its rows. */
  protected prepare(_gtRows: Int32Array, _from: number, _to: number): void {
    // Keypoints need no preparation.
  }

  /** Makes sure that the detection's area is known. */
  protected findArea(_dtRow: number): void {
    // Known from the start, but for masks.
  }

  protected abstract fillRow(dtRow: number, gtRows: Int32Array, from: number, to: number, at: number): void;
}
