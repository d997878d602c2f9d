import type { Grouping } from './grouping.ts';
import type { Id, IdKeys } from './id-keys.ts';
import { NONE } from './match-pair.ts';
import { type MatchPlan, planMatch } from './match-plan.ts';
import { MatchRun } from './match-run.ts';
import type { AreaRange, EvalParams } from './params.ts';
import { WarningLog } from './warnings.ts';

/** How one image and category was matched; the entry of `evalImgs` in the reference, with its field names. */
export interface ImageMatches {
  readonly image_id: Id;
  /** -1 when categories are not used. */
  readonly category_id: Id;
  readonly aRng: AreaRange;
  readonly maxDet: number;
  /** Detections by score; an id is the position in the results file + 1. */
  readonly dtIds: readonly number[];
  /** Ground truths that count first, ignored ones last. */
  readonly gtIds: readonly Id[];
  /** For each threshold the matched annotation id of each detection, 0 for none. */
  readonly dtMatches: readonly (readonly Id[])[];
  readonly gtMatches: readonly (readonly number[])[];
  readonly dtScores: readonly number[];
  readonly gtIgnore: readonly number[];
  readonly dtIgnore: readonly (readonly number[])[];
  /** Overlap of each detection (outer list) with each ground truth, in the orders of `dtIds` and `gtIds`. */
  readonly ious: readonly (readonly number[])[];
}

/** Matches single pairs on demand, so that nothing is stored for the millions of pairs of a large data set. */
export class ImageMatcher {
  readonly #plan: MatchPlan;
  readonly #run: MatchRun;

  readonly #keys: IdKeys;

  constructor(
    { groundTruth, detections, rules }: Pick<MatchPlan, 'groundTruth' | 'detections' | 'rules'>,
    params: EvalParams,
    keys: IdKeys,
  ) {
    this.#keys = keys;
    this.#plan = planMatch(groundTruth, detections, params, rules);
    this.#run = new MatchRun(this.#plan, new WarningLog());
  }

  /** Pair of the image at position `image` of `imgIds` and the category at position `k`, or null when it has no entries. */
  get(image: number, k: number, a: number): ImageMatches | null {
    const { params, gts, dts, groundTruth, detections, table } = this.#plan;
    const [gFrom, gTo] = pairRange(gts, k, image);
    const [dFrom, dTo] = pairRange(dts, k, image);
    const [g, d] = [gTo - gFrom, dTo - dFrom];
    if (g + d === 0) return null;
    const overlaps = new Float64Array(g * d);
    const assigned = new Int32Array(params.iouThrs.length * d).fill(NONE);
    this.#run.pair(gFrom, gTo, dFrom, dTo, { area: a, overlaps, assigned: { detections: d, groundTruth: assigned } });
    const dtRows = [...dts.row.subarray(dFrom, dTo)];
    const gtIds = Array.from(gts.row.subarray(gFrom, gTo), (row) => this.#keys.id(groundTruth.id[row]!));
    const ignored = gtIds.map((_, i) => table.gtIgnored[(gFrom + i) * table.areas + a]!);
    const order = [...gtIds.keys()].toSorted((i, j) => ignored[i]! - ignored[j]!);
    const found = params.iouThrs.map((_, t) => assigned.subarray(t * d, (t + 1) * d));
    const isIgnored = (t: number, i: number): number => {
      const word = (dts.place[dFrom + i]! * table.areas + a) * table.words + (t >> 5);
      return (table.ignored[word]! >>> (t & 31)) & 1;
    };
    return {
      image_id: this.#keys.id(params.imgIds[image]!),
      category_id: params.useCats ? this.#keys.id(params.catIds[k]!) : -1,
      aRng: params.areaRng[a]!,
      maxDet: params.maxDets[params.maxDets.length - 1]!,
      dtIds: dtRows.map((row) => row + 1),
      gtIds: order.map((i) => gtIds[i]!),
      dtMatches: found.map((row) => Array.from(row, (i) => (i === NONE ? 0 : gtIds[i]!))),
      // Of several detections on one crowd the last.
      gtMatches: found.map((row) => order.map((i) => (dtRows[row.lastIndexOf(i)] ?? -1) + 1)),
      dtScores: dtRows.map((row) => detections.score[row]!),
      gtIgnore: order.map((i) => ignored[i]!),
      dtIgnore: found.map((_, t) => dtRows.map((_row, i) => isIgnored(t, i))),
      ious: dtRows.map((_, i) => order.map((j) => overlaps[i * g + j]!)),
    };
  }

  /** Every pair that has entries, by category and image. */
  *pairs(t: number): Generator<MatchedPair, void> {
    const { gts, dts, table, params } = this.#plan;
    const T = params.iouThrs.length;
    for (let k = 0; k + 1 < gts.category.length; k++) {
      let [g, d] = [gts.category[k]!, dts.category[k]!];
      const [gEnd, dEnd] = [gts.category[k + 1]!, dts.category[k + 1]!];
      while (g < gEnd || d < dEnd) {
        const image = Math.min(g < gEnd ? gts.image[g]! : Infinity, d < dEnd ? dts.image[d]! : Infinity);
        const [gFrom, dFrom] = [g, d];
        while (g < gEnd && gts.image[g] === image) g++;
        while (d < dEnd && dts.image[d] === image) d++;
        const detections = d - dFrom;
        const assigned = new Int32Array(T * detections).fill(NONE);
        const record = { area: 0, overlaps: new Float64Array((g - gFrom) * detections), assigned: { detections, groundTruth: assigned } };
        this.#run.pair(gFrom, g, dFrom, d, record);
        yield {
          image,
          gtRows: gts.row.subarray(gFrom, g),
          dtRows: dts.row.subarray(dFrom, d),
          found: assigned.subarray(t * detections, (t + 1) * detections),
          gtIgnored: Uint8Array.from({ length: g - gFrom }, (_, i) => table.gtIgnored[(gFrom + i) * table.areas]!),
          dtIgnored: Uint8Array.from({ length: detections }, (_, i) => {
            const word = dts.place[dFrom + i]! * table.areas * table.words + (t >> 5);
            return (table.ignored[word]! >>> (t & 31)) & 1;
          }),
        };
      }
    }
  }
}

/** One image and category at one threshold, all sizes. */
export interface MatchedPair {
  /** Position in `imgIds`. */
  readonly image: number;
  /** Positions in the columns; detections by score. */
  readonly gtRows: Int32Array;
  readonly dtRows: Int32Array;
  /** Position in `gtRows` of what each detection found, or -1. */
  readonly found: Int32Array;
  readonly gtIgnored: Uint8Array;
  readonly dtIgnored: Uint8Array;
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
