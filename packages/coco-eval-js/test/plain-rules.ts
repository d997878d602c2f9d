import type { EvalParams } from '../src/coco/params.ts';
import type { Annotation, Dataset, Result } from '../src/coco/types.ts';

/** Precision, recall and scores in C order. */
export interface PlainCurves {
  readonly precision: number[];
  readonly recall: number[];
  readonly scores: number[];
}

interface Match {
  readonly score: number;
  readonly matched: boolean;
  readonly ignored: boolean;
}

function boxIou(d: readonly number[], g: readonly number[], crowd: boolean): number {
  const w = Math.min(d[0]! + d[2]!, g[0]! + g[2]!) - Math.max(d[0]!, g[0]!);
  const h = Math.min(d[1]! + d[3]!, g[1]! + g[3]!) - Math.max(d[1]!, g[1]!);
  if (w <= 0 || h <= 0) return 0;
  return (w * h) / (crowd ? d[2]! * d[3]! : d[2]! * d[3]! + g[2]! * g[3]! - w * h);
}

/** One image and category, one area range, one threshold: the rules in the order in which they are written down (cocoeval.py, evaluateImg). */
function matchPair(gts: Annotation[], dts: Result[], [low, high]: readonly [number, number], threshold: number): Match[] {
  const outside = (area: number): boolean => area < low || area > high;
  const ordered = gts
    .map((gt) => ({ gt, ignored: Boolean(gt.iscrowd) || outside(gt.area!), taken: false }))
    .toSorted((a, b) => Number(a.ignored) - Number(b.ignored));
  return dts.map((dt) => {
    let best = Math.min(threshold, 1 - 1e-10);
    let found: (typeof ordered)[number] | undefined;
    for (const candidate of ordered) {
      if (candidate.taken && !candidate.gt.iscrowd) continue;
      if (found !== undefined && !found.ignored && candidate.ignored) break;
      const iou = boxIou(dt.bbox!, candidate.gt.bbox!, Boolean(candidate.gt.iscrowd));
      if (iou < best) continue;
      best = iou;
      found = candidate;
    }
    if (found === undefined) return { score: dt.score, matched: false, ignored: outside(dt.bbox![2] * dt.bbox![3]) };
    found.taken = true;
    return { score: dt.score, matched: true, ignored: found.ignored };
  });
}

/** The curve of one setting (cocoeval.py, accumulate). */
function drawCurve(
  matches: Match[],
  positives: number,
  recThrs: readonly number[],
): { precision: number[]; recall: number; scores: number[] } {
  let [tp, fp] = [0, 0];
  const points = matches.map(({ matched, ignored }) => {
    if (matched && !ignored) tp++;
    if (!matched && !ignored) fp++;
    return { recall: tp / positives, precision: tp / (fp + tp + 2 ** -52) };
  });
  for (let i = points.length - 1; i > 0; i--) points[i - 1]!.precision = Math.max(points[i - 1]!.precision, points[i]!.precision);
  const precision = recThrs.map(() => 0);
  const scores = recThrs.map(() => 0);
  for (const [r, wanted] of recThrs.entries()) {
    const at = points.findIndex(({ recall }) => recall >= wanted);
    if (at < 0) break;
    precision[r] = points[at]!.precision;
    scores[r] = matches[at]!.score;
  }
  return { precision, recall: points.at(-1)?.recall ?? 0, scores };
}

/** COCO evaluation of boxes, as slow and as plain as it can be written: what the fast one is compared with. */
export function plainCurves(dataset: Dataset, results: Result[], params: EvalParams): PlainCurves {
  const { iouThrs, recThrs, areaRng, maxDets, catIds, imgIds, useCats } = params;
  const groups = useCats ? catIds.map((id) => [id]) : [catIds];
  const [T, R, K, A, M] = [iouThrs.length, recThrs.length, groups.length, areaRng.length, maxDets.length];
  const precision = Array.from({ length: T * R * K * A * M }, () => -1);
  const scores = [...precision];
  const recall = Array.from({ length: T * K * A * M }, () => -1);
  groups.forEach((categories, k) => {
    const inGroup = <E extends Pick<Annotation, 'image_id' | 'category_id'>>(list: readonly E[], image: number): E[] =>
      categories.flatMap((id) => list.filter((entry) => entry.image_id === image && entry.category_id === id));
    areaRng.forEach((range, a) => {
      const positives = imgIds
        .flatMap((image) => inGroup(dataset.annotations, image))
        .filter((gt) => !gt.iscrowd && gt.area! >= range[0] && gt.area! <= range[1]).length;
      if (positives === 0) return;
      iouThrs.forEach((threshold, t) => {
        const byImage = imgIds.map((image) => {
          const best = inGroup(results, image).toSorted((x, y) => y.score - x.score);
          return matchPair(inGroup(dataset.annotations, image), best.slice(0, maxDets.at(-1)), range, threshold);
        });
        maxDets.forEach((limit, m) => {
          const matches = byImage.flatMap((image) => image.slice(0, limit)).toSorted((x, y) => y.score - x.score);
          const curve = drawCurve(matches, positives, recThrs);
          recall[((t * K + k) * A + a) * M + m] = curve.recall;
          for (let r = 0; r < R; r++) {
            precision[(((t * R + r) * K + k) * A + a) * M + m] = curve.precision[r]!;
            scores[(((t * R + r) * K + k) * A + a) * M + m] = curve.scores[r]!;
          }
        });
      });
    });
  });
  return { precision, recall, scores };
}
