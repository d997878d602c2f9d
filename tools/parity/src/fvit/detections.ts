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
