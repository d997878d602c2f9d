import { CocoEvalError } from '../errors.ts';
import { intersectionArea, MaskReader, MaskRuns } from '../mask/runs.ts';
import { SEGMENTATION_KIND, type SegmentationColumns } from '../mask/columns.ts';
import type { Detections, GroundTruth } from './columns.ts';
import { KeypointSimilarity } from './oks.ts';
import type { EvalParams } from './params.ts';
import type { WarningLog } from './warnings.ts';

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

/** Chooses the overlap of an evaluation. Detections whose area comes from their mask get it written to `area` when they are first compared. */
export function createOverlap(gt: GroundTruth, dt: Detections, params: EvalParams, warnings: WarningLog): Overlap {
  if (params.iouType === 'bbox') return new BoxOverlap(gt, dt);
  if (params.iouType === 'segm') return new MaskOverlap(gt, dt, warnings);
  return new KeypointOverlap(gt, dt, params.kptOksSigmas);
}

/** maskApi.c, bbIou. */
class BoxOverlap extends Overlap {
  /** Left, top, right, bottom and area of the pair's ground truths, side by side: every detection reads them all. */
  #edges = new Float64Array(256);

  protected override prepare(gtRows: Int32Array, from: number, to: number): void {
    if (5 * (to - from) > this.#edges.length) this.#edges = new Float64Array(10 * (to - from));
    const edges = this.#edges;
    const box = this.gt.bbox!;
    let at = 0;
    for (let r = from; r < to; r++) {
      const i = 4 * gtRows[r]!;
      edges[at] = box[i]!;
      edges[at + 1] = box[i + 1]!;
      edges[at + 2] = box[i + 2]! + box[i]!;
      edges[at + 3] = box[i + 3]! + box[i + 1]!;
      edges[at + 4] = box[i + 2]! * box[i + 3]!;
      at += 5;
    }
  }

  protected fillRow(dtRow: number, gtRows: Int32Array, from: number, to: number, at: number): void {
    const { matrix } = this;
    const { crowd } = this.gt;
    const edges = this.#edges;
    const box = this.dt.bbox!;
    const i = 4 * dtRow;
    const x = box[i]!;
    const y = box[i + 1]!;
    const right = box[i + 2]! + x;
    const bottom = box[i + 3]! + y;
    const area = box[i + 2]! * box[i + 3]!;
    for (let r = from, j = 0; r < to; r++, j += 5) {
      const w = (right < edges[j + 2]! ? right : edges[j + 2]!) - (x > edges[j]! ? x : edges[j]!);
      const h = (bottom < edges[j + 3]! ? bottom : edges[j + 3]!) - (y > edges[j + 1]! ? y : edges[j + 1]!);
      let value = 0;
      if (w > 0 && h > 0) value = (w * h) / (crowd[gtRows[r]!] === 1 ? area : area + edges[j + 4]! - w * h);
      matrix[at++] = value;
    }
  }
}

/** maskApi.c, rleIou: only where the boxes of the masks overlap; -1 for masks of different sizes. */
class MaskOverlap extends Overlap {
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
        const shared = intersectionArea(mask, other);
        value = shared === 0 ? 0 : shared / (this.gt.crowd[gtRows[r]!] === 1 ? mask.area : mask.area + other.area - shared);
      }
      this.matrix[at++] = value;
    }
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

class KeypointOverlap extends Overlap {
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
