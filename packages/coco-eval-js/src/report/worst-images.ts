import { compareIds, type Id } from '../coco/id-keys.ts';
import { sortByScore } from '../coco/sort.ts';
import type { CrossClassImage } from '../cross-class/images.ts';
import { classifyImage } from '../tide/classify.ts';

/** Right and wrong of one image at the threshold: positions in the results and the annotations. */
export interface JudgedImage {
  readonly imageId: Id;
  readonly right: readonly number[];
  readonly wrong: readonly number[];
  readonly missed: readonly number[];
}

/** Images with the most mistakes. */
export interface Judged {
  /** Score at which F1 over all images is best; 0 when nothing is right. */
  readonly minScore: number;
  /** 0..1 */
  readonly f1: number;
  readonly images: readonly JudgedImage[];
}

interface Matched {
  readonly imageId: Id;
  /** Detections by descending score; `gt` is the annotation that a right one found, -1 for a wrong one. */
  readonly detections: readonly { readonly index: number; readonly score: number; readonly gt: number }[];
  readonly gtIndexes: Int32Array;
}

const positiveIou = 0.5;

/**
 * Ranks images by mistakes (objects missed + detections wrong) at IoU 0.5 and at the one score threshold where F1 over all images is best: without a
 * threshold the long tail of low scores would decide. Detections on crowd regions are left out.
 */
export function worstImages(images: Iterable<CrossClassImage>, limit: number): Judged {
  const matched = Array.from(images, matchImage);
  const { minScore, f1 } = bestThreshold(matched);
  const judged = matched.map(({ imageId, detections, gtIndexes }): JudgedImage => {
    const kept = detections.filter(({ score }) => score >= minScore);
    const found = new Set(kept.map(({ gt }) => gt));
    return {
      imageId,
      right: kept.filter(({ gt }) => gt >= 0).map(({ index }) => index),
      wrong: kept.filter(({ gt }) => gt < 0).map(({ index }) => index),
      missed: Array.from(gtIndexes).filter((gt) => !found.has(gt)),
    };
  });
  const ranked = judged
    .filter((image) => mistakes(image) > 0)
    .toSorted((a, b) => mistakes(b) - mistakes(a) || a.right.length - b.right.length || compareIds(a.imageId, b.imageId));
  return { minScore, f1, images: ranked.slice(0, limit) };
}

function mistakes({ wrong, missed }: JudgedImage): number {
  return wrong.length + missed.length;
}

function matchImage(image: CrossClassImage): Matched {
  const { detections } = classifyImage(image, positiveIou, 0);
  const kept = detections.flatMap(({ state, score, match }, d) =>
    state === 'ignored' ? [] : [{ index: image.dtIndexes[d]!, score, gt: match === undefined ? -1 : image.gtIndexes[match]! }],
  );
  return { imageId: image.imageId, detections: kept, gtIndexes: image.gtIndexes };
}

/** The score whose detections and all better ones give the best F1. */
function bestThreshold(images: readonly Matched[]): { minScore: number; f1: number } {
  const all = images.flatMap(({ detections }) => detections);
  const objects = images.reduce((sum, { gtIndexes }) => sum + gtIndexes.length, 0);
  const scores = Float64Array.from(all, ({ score }) => score);
  const order = sortByScore(
    Int32Array.from(all, (_, row) => row),
    scores,
  );
  let best = { minScore: 0, f1: 0 };
  let right = 0;
  order.forEach((row, i) => {
    if (all[row]!.gt >= 0) right++;
    // A threshold takes all detections of its score.
    if (i + 1 < order.length && scores[order[i + 1]!] === scores[row]) return;
    const f1 = (2 * right) / (i + 1 + objects);
    if (f1 > best.f1) best = { minScore: scores[row]!, f1 };
  });
  return best;
}
