import type { Detections, GroundTruth } from './columns.ts';
import { groupDetections, groupGroundTruth, type Grouping, type RankedGrouping } from './grouping.ts';
import { wordsFor } from './match-pair.ts';
import type { MatchRules, MatchTable } from './match-table.ts';
import type { EvalParams } from './params.ts';

/** Rows of one range: enough that starting it costs nothing, few enough that threads end together. */
const RANGE_ROWS = 512;

/** Everything that matching reads and writes. Plain columns: threads take ranges of it at the same time. */
export interface MatchPlan {
  readonly groundTruth: GroundTruth;
  readonly detections: Detections;
  readonly params: EvalParams;
  readonly rules: MatchRules;
  readonly gts: Grouping;
  readonly dts: RankedGrouping;
  /** `gtFrom, gtTo, dtFrom, dtTo` of each range: rows of whole images of one category. */
  readonly ranges: Int32Array;
  /** Written range by range. */
  readonly table: MatchTable;
}

/** Numbers in `MatchPlan.ranges` for one range. */
const RANGE_FIELDS = 4;

export function rangeCount({ ranges }: MatchPlan): number {
  return ranges.length / RANGE_FIELDS;
}

/** Rows of range `index`. */
export function rangeAt({ ranges }: MatchPlan, index: number): { gFrom: number; gTo: number; dFrom: number; dTo: number } {
  const at = index * RANGE_FIELDS;
  return { gFrom: ranges[at]!, gTo: ranges[at + 1]!, dFrom: ranges[at + 2]!, dTo: ranges[at + 3]! };
}

/** Annotations and results that ranges `0` to `count - 1` hold. */
export function rowsBefore(plan: MatchPlan, count: number): number {
  if (count <= 0) return 0;
  const { gTo, dTo } = rangeAt(plan, Math.min(count, rangeCount(plan)) - 1);
  return gTo + dTo;
}

/** Orders the entries and makes an empty table for them. */
export function planMatch(groundTruth: GroundTruth, detections: Detections, params: EvalParams, rules: MatchRules): MatchPlan {
  const gts = groupGroundTruth(groundTruth, params, rules);
  const dts = groupDetections(detections, params, detectionLimit(params, rules), rules);
  const areas = params.areaRng.length;
  const words = wordsFor(params.iouThrs.length);
  const [n, flags] = [dts.row.length, dts.row.length * areas * words];
  const table: MatchTable = {
    areas,
    thresholds: params.iouThrs.length,
    words,
    dtCategory: dts.category,
    dtImage: new Int32Array(n),
    dtRank: new Int32Array(n),
    dtScore: new Float64Array(n),
    matched: new Uint32Array(flags),
    ignored: new Uint32Array(flags),
    gtCategory: gts.category,
    gtImage: gts.image,
    gtIgnored: new Uint8Array(gts.row.length * areas),
  };
  describeDetections(table, dts, detections.score);
  return { groundTruth, detections, params, rules, gts, dts, ranges: planRanges(gts, dts), table };
}

function describeDetections({ dtImage, dtRank, dtScore }: MatchTable, dts: RankedGrouping, score: Float64Array): void {
  for (let i = 0; i < dts.row.length; i++) {
    const place = dts.place[i]!;
    dtImage[place] = dts.image[i]!;
    dtRank[place] = dts.rank[i]!;
    dtScore[place] = score[dts.row[i]!]!;
  }
}

/** Detections of one image and category that are matched. */
export function detectionLimit(params: EvalParams, rules: MatchRules): number {
  return rules.unlimited === true ? Infinity : params.maxDets[params.maxDets.length - 1]!;
}

/** Cuts every category between images. */
function planRanges(gts: Grouping, dts: Grouping): Int32Array {
  const ranges: number[] = [];
  for (let k = 0; k + 1 < gts.category.length; k++) {
    const gtEnd = gts.category[k + 1]!;
    const dtEnd = dts.category[k + 1]!;
    let g = gts.category[k]!;
    let d = dts.category[k]!;
    while (g < gtEnd || d < dtEnd) {
      const gtTo = Math.min(gtEnd, g + RANGE_ROWS);
      const dtTo = Math.min(dtEnd, d + RANGE_ROWS);
      // The first image that does not fit; one that fills a whole range alone is not divided.
      const next = Math.min(gtTo < gtEnd ? gts.image[gtTo]! : Infinity, dtTo < dtEnd ? dts.image[dtTo]! : Infinity);
      const first = Math.min(g < gtEnd ? gts.image[g]! : Infinity, d < dtEnd ? dts.image[d]! : Infinity);
      const image = Math.max(next, first + 1);
      const [gtFrom, dtFrom] = [g, d];
      while (g < gtEnd && gts.image[g]! < image) g++;
      while (d < dtEnd && dts.image[d]! < image) d++;
      ranges.push(gtFrom, g, dtFrom, d);
    }
  }
  return Int32Array.from(ranges);
}
