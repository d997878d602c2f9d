import { readFileSync, writeFileSync } from 'node:fs';
import { parseRleString, type Result, type RleObject, toRleObject } from 'coco-eval-js';

const COPIES = 6;

/** As many mask detections as `dense_bbox` has boxes: each mask of a results file six times, the copies moved sideways and less certain. */
export function writeDenseMasks(from: string, to: string): void {
  const results = JSON.parse(readFileSync(from, 'utf8')) as Result[];
  const dense = Array.from({ length: COPIES }, (_, copy) =>
    results.map((result, i) => ({
      ...result,
      score: result.score * (1 - copy * (0.05 + (i % 7) / 100)),
      segmentation: moved(result.segmentation as RleObject, ((i % 9) - 4) * copy),
    })),
  );
  writeFileSync(to, JSON.stringify(dense.flat()));
}

/** A mask moved by whole columns, or as it is where there is no room. */
function moved(mask: RleObject, columns: number): RleObject {
  const [height = 0, width = 0] = mask.size;
  const { counts } = parseRleString(mask.counts as string, height, width);
  const last = counts.length - 1;
  const pixels = columns * height;
  // The last count is background only when their number is odd.
  if (last % 2 !== 0 || counts[0]! + pixels < 0 || counts[last]! - pixels < 0) return mask;
  counts[0]! += pixels;
  counts[last]! -= pixels;
  return toRleObject({ size: [height, width], counts });
}
