import { CocoEvalError } from '../errors.ts';
import { SEGMENTATION_KIND, type SegmentationColumns } from '../mask/columns.ts';
import { intersectionArea, MaskReader, MaskRuns } from '../mask/runs.ts';
import type { Detections, GroundTruth } from './columns.ts';
import { Overlap } from './overlap.ts';
import type { WarningLog } from './warnings.ts';

/** maskApi.c, rleIou: only where the boxes of the masks overlap; -1 for masks of different sizes. */
export class MaskOverlap extends Overlap {
  readonly #reader = new MaskReader();
  readonly #detection = new MaskRuns();
  readonly #groundTruths: MaskRuns[] = [];
  readonly #warnings: WarningLog;

  constructor(gt: GroundTruth, dt: Detections, warnings: WarningLog) {
    super(gt, dt);
    this.#warnings = warnings;
  }

  override findGroundTruthArea(row: number): void {
    this.#readGroundTruth(row, this.#detection);
    this.gt.area[row] = this.#detection.area;
  }

  override checkGroundTruths(gtRows: Int32Array, from: number, to: number): void {
    const { kind } = this.gt.segmentation!;
    for (let r = from; r < to; r++) {
      // Polygons cannot be broken once their numbers are known to be finite.
      if (kind[gtRows[r]!] === SEGMENTATION_KIND.polygons) continue;
      this.#readGroundTruth(gtRows[r]!, this.#detection);
    }
  }

  protected override prepare(gtRows: Int32Array, from: number, to: number): void {
    for (let r = from; r < to; r++) {
      const mask = (this.#groundTruths[r - from] ??= new MaskRuns());
      this.#readGroundTruth(gtRows[r]!, mask);
    }
  }

  protected override findArea(dtRow: number): void {
    if (!Number.isNaN(this.dt.area[dtRow])) return;
    this.#readDetection(dtRow);
    this.dt.area[dtRow] = this.#detection.area;
  }

  protected fillRow(dtRow: number, gtRows: Int32Array, from: number, to: number, at: number): void {
    const mask = this.#detection;
    this.#readDetection(dtRow);
    if (Number.isNaN(this.dt.area[dtRow])) this.dt.area[dtRow] = mask.area;
    for (let r = from; r < to; r++) {
      const other = this.#groundTruths[r - from]!;
      const apart = mask.left >= other.right || other.left >= mask.right || mask.top >= other.bottom || other.top >= mask.bottom;
      let value = 0;
      if (!apart && (mask.height !== other.height || mask.width !== other.width)) {
        this.#warnings.add('mask-size-mismatch', dtRow, 'results whose mask has another size than the ground truth: their IoU is -1');
        value = -1;
      } else if (!apart) {
        value = this.compareMasks(mask, other, r - from, this.gt.crowd[gtRows[r]!] === 1);
      }
      this.matrix[at++] = value;
    }
  }

  /**
   * IoU of two masks of one size whose boxes overlap.
   *
   * @param _g position of the ground truth `other` in its pair
   */
  protected compareMasks(mask: MaskRuns, other: MaskRuns, _g: number, crowd: boolean): number {
    const shared = intersectionArea(mask, other);
    return shared === 0 ? 0 : shared / (crowd ? mask.area : mask.area + other.area - shared);
  }

  #readGroundTruth(row: number, out: MaskRuns): void {
    readMask(this.#reader, this.gt.segmentation!, row, undefined, out, 'annotations', this.#warnings);
  }

  #readDetection(row: number): void {
    readMask(this.#reader, this.dt.segmentation!, row, this.dt.bbox, this.#detection, 'results', this.#warnings);
  }
}

/** Reads a mask; an error or warning gains the entry's place. */
export function readMask(
  reader: MaskReader,
  columns: SegmentationColumns,
  row: number,
  bbox: Float64Array | undefined,
  out: MaskRuns,
  list: 'annotations' | 'results',
  warnings: WarningLog,
): void {
  try {
    reader.read(columns, row, bbox, out);
  } catch (error) {
    if (!(error instanceof CocoEvalError)) throw error;
    throw new CocoEvalError(error.code, `${error.message} in segmentation of ${list}[${row}]`, {
      list,
      index: row,
      hint: error.hint,
      cause: error,
    });
  }
  if (reader.short) warnings.add(`short-rle-${list}`, row, `${list} whose RLE ends before the mask does: the rest is background`);
}
