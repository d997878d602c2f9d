import type { Detections } from '@vitamin-vlm/fvit-detection';
import type { Golden } from '../golden/golden.ts';
import { compareScoreGap } from './pyramid.ts';

/** Settings of a flavor in the names of this project. */
export function scoreSettings(golden: Golden): { alpha: number; beta: number; score: number; nms: number; max: number } {
  const [alpha, beta, score, nms, max] = ['alpha', 'beta', 'scoreThr', 'nms', 'maxPerImg'].map((name) => golden.at(name).takeNumber()) as [
    number,
    number,
    number,
    number,
    number,
  ];
  return { alpha, beta, score, nms, max };
}

/** Scores that differ by less than this share of their size count as equal: the original program itself gives them in another order in float32. */
const TIE = 1e-4;

/**
 * Detections in the order of the file: neighbors whose scores are equal to what float32 gives may have changed places. Anything else stays as it is, and fails in
 * the comparison.
 */
export function inFileOrder(golden: Golden, found: Detections): Detections {
  const labels = golden.at('labels').value as number[];
  const rows = golden.at('boxesScores').value as number[][];
  const detections = [...found.detections];
  for (const [i, label] of labels.entries()) {
    const [x1 = 0, y1 = 0, , , score = 0] = rows[i]!;
    const isIt = ({ class: own, box: [x, y], score: is }: (typeof detections)[number]): boolean =>
      own === label && Math.abs(x - x1) < 0.1 && Math.abs(y - y1) < 0.1 && Math.abs(is - score) < TIE * score;
    const place = detections.findIndex((detection, j) => j >= i && isIt(detection));
    if (place <= i || Math.abs(detections[i]!.score - detections[place]!.score) >= TIE * score) continue;
    detections.splice(i, 0, ...detections.splice(place, 1));
  }
  return { ...found, detections };
}

/** Compares detections in their order. The file lists the first of them, and counts all. */
export function compareDetections(golden: Golden, { detections }: Detections, classes: number): void {
  golden.at('count').equal(detections.length);
  const first = detections.slice(0, (golden.at('labels').value as unknown[]).length);
  const rows = first.flatMap(({ box: [x, y, width, height], score }) => [x, y, x + width, y + height, score]);
  golden.at('boxesScores').numbers(rows);
  golden.at('labels').equal(first.map((detection) => detection.class));
  golden.at('first40').tensor({ shape: [first.length, 5], data: rows });
  golden.at('labelCounts').equal(Array.from({ length: classes }, (_, k) => detections.filter((detection) => detection.class === k).length));
  compareScoreGap(
    golden.at('minScoreGapFirst40'),
    Float32Array.from(detections, ({ score }) => score),
    40,
  );
}
