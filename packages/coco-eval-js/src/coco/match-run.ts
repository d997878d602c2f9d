import { throwIfAborted } from '../errors.ts';
import type { Detections, GroundTruth } from './columns.ts';
import { allBits, type Assigned, PairMatcher } from './match-pair.ts';
import { type MatchPlan, planMatch, rangeAt, rangeCount, rowsBefore } from './match-plan.ts';
import type { MatchProgress, MatchRules, MatchTable } from './match-table.ts';
import { createOverlap } from './create-overlap.ts';
import type { Overlap } from './overlap.ts';
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

/** What is kept of one pair for whoever looks at it closely. */
export interface PairRecord {
  /** Position of the area range looked at. */
  readonly area: number;
  /** Receives the overlaps, `detections x ground truths`. */
  readonly overlaps: Float64Array;
  /** Receives the matched ground truth of each detection, as in `PairMatcher.match`. */
  readonly assigned: Assigned;
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

  constructor(plan: MatchPlan, warnings: WarningLog) {
    const { groundTruth, detections, params } = plan;
    this.#plan = plan;
    this.#overlap = createOverlap(groundTruth, detections, params, warnings);
    this.#matcher = new PairMatcher(params.iouThrs);
    this.#low = Float64Array.from(params.areaRng, ([low]) => low);
    this.#high = Float64Array.from(params.areaRng, ([, high]) => high);
    this.#all = allBits(params.iouThrs.length);
    // Keypoints without categories: the reference looks the pair up under a category that does not exist and compares nothing.
    this.#blind = params.iouType === 'keypoints' && !params.useCats && params.mode === 'reference';
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
      this.pair(gFrom, g, dFrom, d);
    }
  }

  /** Matches one pair: the rows of one image and category. */
  pair(gFrom: number, gTo: number, dFrom: number, dTo: number, record?: PairRecord): void {
    const { gts, dts } = this.#plan;
    this.#flagGroundTruths(gFrom, gTo);
    if (dTo === dFrom) {
      this.#overlap.checkGroundTruths(gts.row, gFrom, gTo);
      return;
    }
    this.#overlap.compute(dts.row, dFrom, dTo, gts.row, gFrom, gTo);
    record?.overlaps.set(this.#overlap.matrix.subarray(0, record.overlaps.length));
    if (gTo > gFrom && !this.#blind) this.#match(gFrom, gTo, dFrom, dTo, record);
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

  #match(gFrom: number, gTo: number, dFrom: number, dTo: number, record: PairRecord | undefined): void {
    const { rules, table, dts } = this.#plan;
    const { areas, words } = table;
    const matcher = this.#matcher;
    if (rules.positiveArea === true) this.#hideEmpty(dFrom, dTo, gTo - gFrom);
    matcher.compare(this.#overlap.matrix, dTo - dFrom, gTo - gFrom);
    if (matcher.activeCount === 0) return;
    this.#gatherFlags(gFrom, gTo);
    for (let a = 0; a < areas; a++) {
      for (let g = gFrom; g < gTo; g++) this.#ignored[g - gFrom] = table.gtIgnored[g * areas + a]!;
      matcher.match(this.#ignored, this.#crowd, this.#nameless, record?.area === a ? record.assigned : undefined);
      for (let i = 0; i < matcher.activeCount; i++) {
        const slot = (dts.place[dFrom + matcher.active[i]!]! * areas + a) * words;
        for (let w = 0; w < words; w++) {
          table.matched[slot + w] = matcher.matched[i * words + w]!;
          table.ignored[slot + w] = matcher.onIgnored[i * words + w]!;
        }
      }
    }
  }

  /** Takes detections without area out of the matching: lvis-api does not load them at all (lvis.py, get_ann_ids). */
  #hideEmpty(dFrom: number, dTo: number, groundTruths: number): void {
    const { detections, dts } = this.#plan;
    for (let d = dFrom; d < dTo; d++) {
      if (detections.area[dts.row[d]!]! > 0) continue;
      this.#overlap.matrix.fill(-Infinity, (d - dFrom) * groundTruths, (d - dFrom + 1) * groundTruths);
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

  /** An unmatched detection outside the area range (in LVIS also one without area, or of a category not fully annotated) does not count as false. */
  #forgive(dFrom: number, dTo: number): void {
    const { detections, dts, rules, table } = this.#plan;
    const { areas, words, matched, ignored } = table;
    const low = this.#low;
    const high = this.#high;
    const all = this.#all;
    for (let d = dFrom; d < dTo; d++) {
      const row = dts.row[d]!;
      const area = detections.area[row]!;
      const exempt = rules.forgiven?.[row] === 1 || (rules.positiveArea === true && !(area > 0));
      let slot = dts.place[d]! * areas * words;
      for (let a = 0; a < areas; a++, slot += words) {
        if (!exempt && !(area < low[a]!) && !(area > high[a]!)) continue;
        for (let w = 0; w < words; w++) ignored[slot + w]! |= all[w]! & ~matched[slot + w]!;
      }
    }
  }
}
