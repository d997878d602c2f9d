import type { Detections, GroundTruth } from './columns.ts';
import { groupDetections, groupGroundTruth, type Grouping } from './grouping.ts';
import { NONE, PairMatcher } from './match-pair.ts';
import { detectionLimit } from './match-plan.ts';
import { comparesNothing, hideEmpty, isExempt } from './match-run.ts';
import type { MatchRules } from './match-table.ts';
import { createOverlap, type Overlap } from './overlap.ts';
import type { AreaRange, EvalParams } from './params.ts';
import { WarningLog } from './warnings.ts';

/** How one image and category was matched; the entry of `evalImgs` in the reference, with its field names. */
export interface ImageMatches {
  readonly image_id: number;
  /** -1 when categories are not used. */
  readonly category_id: number;
  readonly aRng: AreaRange;
  readonly maxDet: number;
  /** Detections by score; an id is the position in the results file + 1. */
  readonly dtIds: readonly number[];
  /** Ground truths that count first, ignored ones last. */
  readonly gtIds: readonly number[];
  /** For each threshold the matched annotation id of each detection, 0 for none. */
  readonly dtMatches: readonly (readonly number[])[];
  readonly gtMatches: readonly (readonly number[])[];
  readonly dtScores: readonly number[];
  readonly gtIgnore: readonly number[];
  readonly dtIgnore: readonly (readonly number[])[];
  /** Overlap of each detection (outer list) with each ground truth, in the orders of `dtIds` and `gtIds`. */
  readonly ious: readonly (readonly number[])[];
}

/** Matches single pairs on demand, so that nothing is stored for the millions of pairs of a large data set. */
export class ImageMatcher {
  readonly #gt: GroundTruth;
  readonly #dt: Detections;
  readonly #params: EvalParams;
  readonly #rules: MatchRules;
  readonly #gts: Grouping;
  readonly #dts: Grouping;
  readonly #overlap: Overlap;
  readonly #matcher: PairMatcher;

  constructor(gt: GroundTruth, dt: Detections, params: EvalParams, rules: MatchRules = {}) {
    this.#gt = gt;
    this.#dt = dt;
    this.#params = params;
    this.#rules = rules;
    this.#gts = groupGroundTruth(gt, params, rules);
    this.#dts = groupDetections(dt, params, detectionLimit(params, rules), rules);
    this.#overlap = createOverlap(gt, dt, params, new WarningLog());
    this.#matcher = new PairMatcher(params.iouThrs);
  }

  /** Pair of the image at position `image` of `imgIds` and the category at position `k`, or null when it has no entries. */
  get(image: number, k: number, a: number): ImageMatches | null {
    const { iouThrs, areaRng, maxDets, mode, useCats } = this.#params;
    const [gFrom, gTo] = pairRange(this.#gts, k, image);
    const [dFrom, dTo] = pairRange(this.#dts, k, image);
    const [groundTruths, detections] = [gTo - gFrom, dTo - dFrom];
    if (groundTruths + detections === 0) return null;
    const gtRows = [...this.#gts.row.subarray(gFrom, gTo)];
    const dtRows = [...this.#dts.row.subarray(dFrom, dTo)];
    const [low, high] = areaRng[a]!;
    this.#overlap.compute(this.#dts.row, dFrom, dTo, this.#gts.row, gFrom, gTo);
    const outside = (area: number): boolean => area < low || area > high;
    const ignored = Uint8Array.from(gtRows, (row) => Number(this.#gt.ignore[row] === 1 || outside(this.#gt.area[row]!)));
    const crowd = Uint8Array.from(gtRows, (row) => this.#gt.crowd[row]!);
    const assigned = new Int32Array(iouThrs.length * detections).fill(NONE);
    const { matrix } = this.#overlap;
    const order = [...gtRows.keys()].toSorted((g, h) => ignored[g]! - ignored[h]!);
    // Before empty detections are hidden.
    const ious = dtRows.map((_, d) => order.map((g) => matrix[d * groundTruths + g]!));
    if (groundTruths > 0 && !comparesNothing(this.#params)) {
      if (this.#rules.positiveArea === true) hideEmpty(matrix, this.#dt.area, this.#dts.row, dFrom, dTo, groundTruths);
      this.#matcher.compare(matrix, detections, groundTruths);
      this.#matcher.match(ignored, crowd, new Uint8Array(groundTruths), { detections, groundTruth: assigned });
    }
    const found = (t: number, d: number): number => assigned[t * detections + d]!;
    const dtIds = dtRows.map((row) => row + 1);
    const gtIds = order.map((g) => this.#gt.id[gtRows[g]!]!);
    const dtMatches = iouThrs.map((_, t) => dtRows.map((_row, d) => (found(t, d) === NONE ? 0 : this.#gt.id[gtRows[found(t, d)]!]!)));
    const matchedBy = iouThrs.map((_, t) => {
      const last = Array.from({ length: groundTruths }, () => 0);
      dtIds.forEach((id, d) => {
        if (found(t, d) !== NONE) last[found(t, d)] = id;
      });
      return last;
    });
    const free = (t: number, d: number): boolean => found(t, d) === NONE || (mode === 'reference' && dtMatches[t]![d] === 0);
    return {
      image_id: this.#params.imgIds[image]!,
      category_id: useCats ? this.#params.catIds[k]! : -1,
      aRng: areaRng[a]!,
      maxDet: maxDets[maxDets.length - 1]!,
      dtIds,
      gtIds,
      dtMatches,
      gtMatches: matchedBy.map((last) => order.map((g) => last[g]!)),
      dtScores: dtRows.map((row) => this.#dt.score[row]!),
      gtIgnore: order.map((g) => ignored[g]!),
      dtIgnore: iouThrs.map((_, t) =>
        dtRows.map((row, d) => {
          const onIgnored = found(t, d) !== NONE && ignored[found(t, d)] === 1;
          const area = this.#dt.area[row]!;
          return Number(onIgnored || (free(t, d) && (outside(area) || isExempt(area, row, this.#rules))));
        }),
      ),
      ious,
    };
  }
}

/** Rows of one category and image; images ascend inside a category. */
function pairRange({ image, category }: Grouping, k: number, wanted: number): [from: number, to: number] {
  let [low, high] = [category[k]!, category[k + 1]!];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (image[middle]! < wanted) low = middle + 1;
    else high = middle;
  }
  let to = low;
  while (to < category[k + 1]! && image[to] === wanted) to++;
  return [low, to];
}
