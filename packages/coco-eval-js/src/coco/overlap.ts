import { CocoEvalError } from '../errors.ts';
import { intersectionArea, MaskReader, MaskRuns } from '../mask/runs.ts';
import type { SegmentationColumns } from '../mask/columns.ts';
import type { Detections, GroundTruth } from './columns.ts';
import { KeypointSimilarity } from './oks.ts';
import type { EvalParams } from './params.ts';
import type { WarningLog } from './warnings.ts';

/** Overlaps of one pair take 8 bytes each: 512 MiB. Reached only where tens of thousands of detections meet as many ground truths. */
const MAX_OVERLAPS = 2 ** 26;

/**
 * Overlap of the detections and ground truths of one (image, category) pair. `dtRows[dtFrom..dtTo]` and `gtRows[gtFrom..gtTo]` are positions in the
 * columns; the result is row-major, detections x ground truths, in `matrix`, and `best` holds the largest overlap of each detection.
 */
export abstract class Overlap {
  matrix: Float64Array = new Float64Array(1024);
  best: Float64Array = new Float64Array(128);
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
    if (dtTo - dtFrom > this.best.length) this.best = new Float64Array(2 * (dtTo - dtFrom));
    if (groundTruths === 0) {
      for (let d = dtFrom; d < dtTo; d++) this.findArea(dtRows[d]!);
      this.best.fill(-Infinity, 0, dtTo - dtFrom);
      return;
    }
    this.prepare(gtRows, gtFrom, gtTo);
    let at = 0;
    for (let d = dtFrom; d < dtTo; d++) {
      this.fillRow(dtRows[d]!, gtRows, gtFrom, gtTo, at);
      let best = -Infinity;
      for (const end = at + groundTruths; at < end; at++) {
        const value = this.matrix[at]!;
        if (value > best) best = value;
      }
      this.best[d - dtFrom] = best;
    }
  }

  /** Called once for each pair, before its rows. */
  protected prepare(_gtRows: Int32Array, _from: number, _to: number): void {
    // Boxes and keypoints need no preparation.
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
  protected fillRow(dtRow: number, gtRows: Int32Array, from: number, to: number, at: number): void {
    const d = this.dt.bbox!;
    const g = this.gt.bbox!;
    const { matrix } = this;
    const i = 4 * dtRow;
    const x = d[i]!;
    const y = d[i + 1]!;
    const right = d[i + 2]! + x;
    const bottom = d[i + 3]! + y;
    const area = d[i + 2]! * d[i + 3]!;
    for (let r = from; r < to; r++) {
      const j = 4 * gtRows[r]!;
      const gx = g[j]!;
      const gy = g[j + 1]!;
      const gRight = g[j + 2]! + gx;
      const gBottom = g[j + 3]! + gy;
      const w = (right < gRight ? right : gRight) - (x > gx ? x : gx);
      const h = (bottom < gBottom ? bottom : gBottom) - (y > gy ? y : gy);
      if (w <= 0 || h <= 0) {
        matrix[at++] = 0;
        continue;
      }
      const shared = w * h;
      matrix[at++] = shared / (this.gt.crowd[gtRows[r]!] === 1 ? area : area + g[j + 2]! * g[j + 3]! - shared);
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

  protected override prepare(gtRows: Int32Array, from: number, to: number): void {
    for (let r = from; r < to; r++) {
      const mask = (this.#groundTruths[r - from] ??= new MaskRuns());
      const row = gtRows[r]!;
      this.#read(this.gt.segmentation!, row, undefined, mask, 'annotations');
      if (Number.isNaN(this.gt.area[row])) this.gt.area[row] = mask.area;
    }
  }

  protected override findArea(dtRow: number): void {
    if (!Number.isNaN(this.dt.area[dtRow])) return;
    this.#read(this.dt.segmentation!, dtRow, this.dt.bbox, this.#detection, 'results');
    this.dt.area[dtRow] = this.#detection.area;
  }

  protected fillRow(dtRow: number, gtRows: Int32Array, from: number, to: number, at: number): void {
    const mask = this.#detection;
    this.#read(this.dt.segmentation!, dtRow, this.dt.bbox, mask, 'results');
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

  #read(columns: SegmentationColumns, row: number, bbox: Float64Array | undefined, out: MaskRuns, list: string): void {
    readMask(this.#reader, columns, row, bbox, out, list);
    if (this.#reader.short)
      this.#warnings.add(`short-rle-${list}`, row, `${list} whose RLE ends before the mask does: the rest is background`);
  }
}

/** Reads a mask; an error gains the entry's place. */
export function readMask(
  reader: MaskReader,
  columns: SegmentationColumns,
  row: number,
  bbox: Float64Array | undefined,
  out: MaskRuns,
  list: string,
): void {
  try {
    reader.read(columns, row, bbox, out);
  } catch (error) {
    if (!(error instanceof CocoEvalError)) throw error;
    throw new CocoEvalError(error.code, `${error.message} in segmentation of ${list}[${row}]`, {
      index: row,
      hint: error.hint,
      cause: error,
    });
  }
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
