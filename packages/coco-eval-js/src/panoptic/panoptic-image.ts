import { CocoEvalError, describe } from '../errors.ts';

/** A category's id: a number, or text. */
export type PanopticCategoryId = number | string;

/** One entry of `segments_info` in a COCO panoptic file. */
export interface PanopticSegment {
  /** The value of the segment's pixels in the id map. 0 means void unless a segment claims it. */
  readonly id: number;
  readonly category_id: PanopticCategoryId;
  /** Pixels; used for ground truth only. Counted from the map when missing. */
  readonly area?: number | null;
  readonly iscrowd?: number | boolean | null;
}

/** An id map and what its ids mean. */
export interface PanopticMap {
  /** One id per pixel, row-major: `R + 256 G + 65536 B` of the panoptic PNG. */
  readonly ids: Uint32Array;
  readonly segments: readonly PanopticSegment[];
}

/** Counts of one category; `iou` is the sum over the true positives. */
export interface PanopticCounts {
  iou: number;
  tp: number;
  fp: number;
  fn: number;
}

/** Counts by category id. Plain data: add several maps with `addPanopticStats`. */
export type PanopticStats = Map<PanopticCategoryId, PanopticCounts>;

/** Something panopticapi accepts in silence. */
export interface PanopticWarning {
  readonly code: string;
  readonly message: string;
  /** Position in the ground truth's `segments`. */
  readonly index: number;
}

/** How `addPanopticImage` treats the two points where panopticapi is known to be wrong. */
export interface PanopticOptions {
  /**
   * `reference` (default): ground-truth areas are taken from the file, and of several crowd regions of one category only the last counts.
   * `fixed`: areas are counted from the map, and every crowd region counts.
   */
  readonly mode?: 'reference' | 'fixed';
  /** Category ids a prediction may use; anything else is an error. Without it, every category is accepted. */
  readonly categories?: ReadonlySet<PanopticCategoryId>;
  /** Names the image in error messages. */
  readonly imageId?: number | string;
  /** Called for each segment whose area in the file is not that of the map: in `reference` mode it makes IoU wrong, even larger than 1. */
  readonly onWarning?: (warning: PanopticWarning) => void;
}

interface Overlap {
  /** Position in the ground truth's segments; `gtCount` = void, `gtCount + 1` = an id without a segment. */
  readonly gt: number;
  /** Position in the prediction's segments; `predictionCount` = void. */
  readonly prediction: number;
  readonly pixels: number;
}

/**
 * Matches one predicted panoptic map with its ground truth and adds the counts to `stats` (PQ, Kirillov et al. 2019; panopticapi's `evaluation.py`).
 * A pair is a true positive when categories agree and IoU > 0.5, where the union leaves out the prediction's void pixels. A prediction of which more than half
 * lies on void or on a crowd region of its category is neither right nor wrong.
 *
 * @param stats - changed in place; start with `new Map()`
 * @throws CocoEvalError `BAD_INPUT` when the maps differ in size, an id of the prediction has no segment, a segment has no pixel, an id occurs twice, or a category is unknown
 *
 * @example
 * ```ts
 * import { addPanopticImage, panopticQuality, type PanopticStats } from 'coco-eval-js';
 * const stats: PanopticStats = new Map();
 * const gt = { ids: Uint32Array.of(7, 7, 9, 9), segments: [{ id: 7, category_id: 1, area: 2 }, { id: 9, category_id: 2, area: 2 }] };
 * const prediction = { ids: Uint32Array.of(1, 1, 1, 2), segments: [{ id: 1, category_id: 1 }, { id: 2, category_id: 2 }] };
 * addPanopticImage(stats, gt, prediction);
 * console.log(panopticQuality(stats, [{ id: 1, isthing: 1 }, { id: 2, isthing: 0 }]).all.pq); // 0.3333333333333333
 * ```
 */
export function addPanopticImage(stats: PanopticStats, gt: PanopticMap, prediction: PanopticMap, options: PanopticOptions = {}): void {
  const where = options.imageId === undefined ? '' : ` in image ${describe(options.imageId)}`;
  if (gt.ids.length !== prediction.ids.length) {
    throw new CocoEvalError('BAD_INPUT', `Expected a prediction of ${gt.ids.length} pixels${where} but received ${prediction.ids.length}`, {
      hint: 'Save the prediction at the size of the ground truth.',
    });
  }
  const gtAt = positions(gt.segments, `ground truth${where}`);
  const predictionAt = positions(prediction.segments, `prediction${where}`);
  const overlaps = countOverlaps(gt, prediction, gtAt, predictionAt, where);
  const gtAreas = new Float64Array(gt.segments.length + 2);
  const predictionAreas = new Float64Array(prediction.segments.length + 1);
  for (const { gt: g, prediction: p, pixels } of overlaps) {
    gtAreas[g]! += pixels;
    predictionAreas[p]! += pixels;
  }
  prediction.segments.forEach((segment, index) => {
    if (predictionAreas[index] === 0) {
      throw new CocoEvalError(
        'BAD_INPUT',
        `Expected pixels of segment ${segment.id} (segments_info[${index}])${where} but found none in the predicted map`,
        { index },
      );
    }
    if (options.categories && !options.categories.has(segment.category_id)) {
      throw new CocoEvalError(
        'BAD_INPUT',
        `Expected a category id of the ground truth but segment ${segment.id} (segments_info[${index}])${where} has ${describe(segment.category_id)}`,
        { index },
      );
    }
  });
  gt.segments.forEach(({ area }, index) => {
    if (area === undefined || area === null || area === gtAreas[index]) return;
    const message = 'annotations with a segment whose "area" is not its pixels in the map';
    options.onWarning?.({ code: 'wrong-area', message, index });
    if (options.mode !== 'fixed') gtAreas[index] = area;
  });
  match(stats, gt, prediction, {
    overlaps,
    gtAreas,
    predictionAreas,
    voidAt: gtAt.get(0) ?? gt.segments.length,
    everyCrowd: options.mode === 'fixed',
    where,
  });
}

function positions(segments: readonly PanopticSegment[], where: string): Map<number, number> {
  const at = new Map<number, number>();
  segments.forEach((segment, index) => {
    if (at.has(segment.id))
      throw new CocoEvalError(
        'BAD_INPUT',
        `Expected distinct segment ids but ${segment.id} (segments_info[${index}]) occurs twice in the ${where}`,
        { index },
      );
    at.set(segment.id, index);
  });
  return at;
}

/** Pixels of every occurring pair, by ascending (ground-truth id, predicted id): the reference's order, which decides the last bit of the IoU sums. */
function countOverlaps(
  gt: PanopticMap,
  prediction: PanopticMap,
  gtAt: ReadonlyMap<number, number>,
  predictionAt: ReadonlyMap<number, number>,
  where: string,
): Overlap[] {
  const gtVoid = gtAt.get(0) ?? gt.segments.length;
  const width = prediction.segments.length + 1;
  const pixels = new Map<number, number>();
  // Neighboring pixels mostly repeat the pair: the maps are consulted once per run.
  for (let start = 0, end = 0; start < gt.ids.length; start = end) {
    const gtId = gt.ids[start]!;
    const id = prediction.ids[start]!;
    for (end = start + 1; end < gt.ids.length && gt.ids[end] === gtId && prediction.ids[end] === id;) end++;
    const p = predictionAt.get(id) ?? (id === 0 ? width - 1 : -1);
    if (p < 0)
      throw new CocoEvalError('BAD_INPUT', `Expected a segment for id ${id} of the predicted map${where} but segments_info has none`, {
        hint: 'The color of a pixel is its id: R + 256 G + 65536 B; every id but 0 needs an entry in "segments_info".',
      });
    const g = gtAt.get(gtId) ?? (gtId === 0 ? gtVoid : gt.segments.length + 1);
    const pair = g * width + p;
    pixels.set(pair, (pixels.get(pair) ?? 0) + end - start);
  }
  const overlaps = Array.from(pixels, ([pair, count]) => ({ gt: Math.floor(pair / width), prediction: pair % width, pixels: count }));
  const gtId = (index: number): number => gt.segments[index]?.id ?? 0;
  const predictedId = (index: number): number => prediction.segments[index]?.id ?? 0;
  return overlaps.toSorted((a, b) => gtId(a.gt) - gtId(b.gt) || predictedId(a.prediction) - predictedId(b.prediction));
}

interface Measured {
  readonly overlaps: readonly Overlap[];
  readonly gtAreas: Float64Array;
  readonly predictionAreas: Float64Array;
  readonly voidAt: number;
  readonly everyCrowd: boolean;
  readonly where: string;
}

function match(stats: PanopticStats, gt: PanopticMap, prediction: PanopticMap, measured: Measured): void {
  const { overlaps, gtAreas, predictionAreas, voidAt, everyCrowd, where } = measured;
  const gtMatched = new Uint8Array(gt.segments.length);
  const predictionMatched = new Uint8Array(prediction.segments.length);
  /** Pixels of each prediction that may not count against it: void, and crowd of its category. */
  const excused = new Float64Array(prediction.segments.length + 1);
  const onVoid = new Float64Array(prediction.segments.length + 1);
  const crowdOf = new Map<PanopticCategoryId, number>();
  gt.segments.forEach((segment, index) => isCrowd(segment) && crowdOf.set(segment.category_id, index));
  for (const { gt: g, prediction: p, pixels } of overlaps) if (g === voidAt) onVoid[p] = excused[p] = pixels;

  for (const { gt: g, prediction: p, pixels } of overlaps) {
    const truth = gt.segments[g];
    const guess = prediction.segments[p];
    if (!truth || !guess || truth.category_id !== guess.category_id) continue;
    if (isCrowd(truth)) {
      if (everyCrowd || crowdOf.get(truth.category_id) === g) excused[p]! += pixels;
      continue;
    }
    const union = predictionAreas[p]! + gtAreas[g]! - pixels - onVoid[p]!;
    if (union === 0) throw impossibleArea(truth, g, where);
    const iou = pixels / union;
    if (iou <= 0.5) continue;
    const counts = countsOf(stats, truth.category_id);
    counts.tp++;
    counts.iou += iou;
    gtMatched[g] = predictionMatched[p] = 1;
  }
  gt.segments.forEach((segment, index) => {
    if (!gtMatched[index] && !isCrowd(segment)) countsOf(stats, segment.category_id).fn++;
  });
  prediction.segments.forEach((segment, index) => {
    if (!predictionMatched[index] && excused[index]! / predictionAreas[index]! <= 0.5) countsOf(stats, segment.category_id).fp++;
  });
}

/** The reference divides by it. */
function impossibleArea({ id, area }: PanopticSegment, index: number, where: string): CocoEvalError {
  const message = `Expected an area of segment ${id} (segments_info[${index}]) that its pixels allow in the ground truth${where} but found ${describe(area)}`;
  return new CocoEvalError('BAD_INPUT', message, { index, hint: 'Correct the area, or use mode "fixed", which counts it.' });
}

function isCrowd(segment: PanopticSegment): boolean {
  return segment.iscrowd === 1 || segment.iscrowd === true;
}

function countsOf(stats: PanopticStats, category: PanopticCategoryId): PanopticCounts {
  let counts = stats.get(category);
  if (!counts) stats.set(category, (counts = { iou: 0, tp: 0, fp: 0, fn: 0 }));
  return counts;
}
