import { throwIfAborted } from '../errors.ts';
import type { StoredRuns } from '../mask/stored-runs.ts';
import type { Detections, GroundTruth } from './columns.ts';
import { allBits, PairMatcher } from './match-pair.ts';
import { type MatchPlan, planMatch, rangeAt, rangeCount, rowsBefore } from './match-plan.ts';
import type { MatchProgress, MatchRules, MatchTable } from './match-table.ts';
import { createOverlap, type Overlap } from './overlap.ts';
import type { EvalParams } from './params.ts';
import type { WarningLog } from './warnings.ts';

/** Matches every (category, image) pair that has an entry (cocoeval.py, evaluate). */
export function matchAll(
  gt: GroundTruth,
  dt: Detections,
  params: EvalParams,
  warnings: WarningLog,
  rules: MatchRules = {},
  progress: MatchProgress = {},
): MatchTable {
  const total = gt.count + dt.count;
  progress.onProgress?.({ done: 0, total });
  const plan = planMatch(gt, dt, params, rules);
  const run = new MatchRun(plan, warnings);
  const ranges = rangeCount(plan);
  for (let i = 0; i < ranges; i++) {
    throwIfAborted(progress.signal);
    run.range(i);
    if (i + 1 < ranges) progress.onProgress?.({ done: rowsBefore(plan, i + 1), total });
  }
  progress.onProgress?.({ done: total, total });
  return plan.table;
}

/** Whether a rule of LVIS keeps an unmatched detection of this row and area from counting as false, whatever the area range. */
export function isExempt(area: number, row: number, { forgiven, positiveArea }: MatchRules): boolean {
  return forgiven?.[row] === 1 || (positiveArea === true && !(area > 0));
}

/** Takes detections without area out of the matching: lvis-api does not load them at all (lvis.py, get_ann_ids). */
export function hideEmpty(
  matrix: Float64Array,
  area: Float64Array,
  dtRows: Int32Array,
  from: number,
  to: number,
  groundTruths: number,
): void {
  for (let d = from; d < to; d++) {
    if (!(area[dtRows[d]!]! > 0)) matrix.fill(-Infinity, (d - from) * groundTruths, (d - from + 1) * groundTruths);
  }
}

/** Keypoints without categories: the reference looks the pair up under a category that does not exist and compares nothing. */
export function comparesNothing({ iouType, useCats, mode }: EvalParams): boolean {
  return iouType === 'keypoints' && !useCats && mode === 'reference';
}

/** Matches ranges of a plan, with its own scratch buffers: one for each thread. */
export class MatchRun {
  readonly #plan: MatchPlan;
  readonly #overlap: Overlap;
  readonly #matcher: PairMatcher;
  readonly #low: Float64Array;
  readonly #high: Float64Array;
  readonly #all: Int32Array;
  readonly #blind: boolean;
  /** The reference tests the matched id for 0, so annotation id 0 never counts (cocoapi #332). */
  readonly #strict: boolean;
  #ignored = new Uint8Array(64);
  #crowd = new Uint8Array(64);
  #nameless = new Uint8Array(64);

  /** @param decoded masks of the ground truth that were decoded already */
  constructor(plan: MatchPlan, warnings: WarningLog, decoded?: StoredRuns) {
    const { groundTruth, detections, params } = plan;
    this.#plan = plan;
    this.#overlap = createOverlap(groundTruth, detections, params, warnings, decoded);
    this.#matcher = new PairMatcher(params.iouThrs);
    this.#low = Float64Array.from(params.areaRng, ([low]) => low);
    this.#high = Float64Array.from(params.areaRng, ([, high]) => high);
    this.#all = allBits(params.iouThrs.length);
    this.#blind = comparesNothing(params);
    this.#strict = params.mode === 'reference';
  }

  /** Matches the pairs of range `index`. */
  range(index: number): void {
    const gtImage = this.#plan.gts.image;
    const dtImage = this.#plan.dts.image;
    const { gFrom: gStart, gTo: gEnd, dFrom: dStart, dTo: dEnd } = rangeAt(this.#plan, index);
    let g = gStart;
    let d = dStart;
    while (g < gEnd || d < dEnd) {
      const image = g < gEnd && (d === dEnd || gtImage[g]! <= dtImage[d]!) ? gtImage[g]! : dtImage[d]!;
      const gFrom = g;
      const dFrom = d;
      while (g < gEnd && gtImage[g] === image) g++;
      while (d < dEnd && dtImage[d] === image) d++;
      this.#pair(gFrom, g, dFrom, d);
    }
  }

  #pair(gFrom: number, gTo: number, dFrom: number, dTo: number): void {
    const { gts, dts } = this.#plan;
    this.#flagGroundTruths(gFrom, gTo);
    if (dTo === dFrom) {
      this.#overlap.checkGroundTruths(gts.row, gFrom, gTo);
      return;
    }
    this.#overlap.compute(dts.row, dFrom, dTo, gts.row, gFrom, gTo);
    if (gTo > gFrom && !this.#blind) this.#match(gFrom, gTo, dFrom, dTo);
    this.#forgive(dFrom, dTo);
  }

  /** A ground truth does not count in a range that its own area lies outside of. */
  #flagGroundTruths(gFrom: number, gTo: number): void {
    const { groundTruth, gts, table } = this.#plan;
    const { areas } = table;
    for (let g = gFrom; g < gTo; g++) {
      const row = gts.row[g]!;
      if (Number.isNaN(groundTruth.area[row])) this.#overlap.findGroundTruthArea(row);
      const area = groundTruth.area[row]!;
      const ignore = groundTruth.ignore[row]!;
      for (let a = 0; a < areas; a++) {
        table.gtIgnored[g * areas + a] = ignore === 1 || area < this.#low[a]! || area > this.#high[a]! ? 1 : 0;
      }
    }
  }

  #match(gFrom: number, gTo: number, dFrom: number, dTo: number): void {
    const { detections, rules, table, dts } = this.#plan;
    const { areas, words } = table;
    const matcher = this.#matcher;
    if (rules.positiveArea === true) hideEmpty(this.#overlap.matrix, detections.area, dts.row, dFrom, dTo, gTo - gFrom);
    matcher.compare(this.#overlap.matrix, dTo - dFrom, gTo - gFrom);
    if (matcher.activeCount === 0) return;
    this.#gatherFlags(gFrom, gTo);
    for (let a = 0; a < areas; a++) {
      for (let g = gFrom; g < gTo; g++) this.#ignored[g - gFrom] = table.gtIgnored[g * areas + a]!;
      matcher.match(this.#ignored, this.#crowd, this.#nameless);
      for (let i = 0; i < matcher.activeCount; i++) {
        const slot = (dts.place[dFrom + matcher.active[i]!]! * areas + a) * words;
        for (let w = 0; w < words; w++) {
          table.matched[slot + w] = matcher.matched[i * words + w]!;
          table.ignored[slot + w] = matcher.onIgnored[i * words + w]!;
        }
      }
    }
  }

  #gatherFlags(gFrom: number, gTo: number): void {
    const { groundTruth, gts } = this.#plan;
    if (gTo - gFrom > this.#ignored.length) {
      this.#ignored = new Uint8Array(2 * (gTo - gFrom));
      this.#crowd = new Uint8Array(2 * (gTo - gFrom));
      this.#nameless = new Uint8Array(2 * (gTo - gFrom));
    }
    for (let g = gFrom; g < gTo; g++) {
      const row = gts.row[g]!;
      this.#crowd[g - gFrom] = groundTruth.crowd[row]!;
      this.#nameless[g - gFrom] = this.#strict && groundTruth.id[row] === 0 ? 1 : 0;
    }
  }

  /** An unmatched detection outside the area range (or, in LVIS, of a category not fully annotated) does not count as false. */
  #forgive(dFrom: number, dTo: number): void {
    const { detections, dts, rules, table } = this.#plan;
    const { areas, words, matched, ignored } = table;
    const low = this.#low;
    const high = this.#high;
    const all = this.#all;
    for (let d = dFrom; d < dTo; d++) {
      const row = dts.row[d]!;
      const area = detections.area[row]!;
      const exempt = isExempt(area, row, rules);
      let slot = dts.place[d]! * areas * words;
      for (let a = 0; a < areas; a++, slot += words) {
        if (!exempt && !(area < low[a]!) && !(area > high[a]!)) continue;
        for (let w = 0; w < words; w++) ignored[slot + w]! |= all[w]! & ~matched[slot + w]!;
      }
    }
  }
}
