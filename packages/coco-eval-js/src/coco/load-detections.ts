import { MaskReader, MaskRuns } from '../mask/runs.ts';
import type { Detections } from './columns.ts';
import { DetectionBuilder, type DetectionOptions } from './detection-builder.ts';
import { notResults } from './not-results.ts';
import { readMask } from './mask-overlap.ts';
import type { WarningLog } from './warnings.ts';

/**
 * A parsed results file as columns. The first entry decides for all whether boxes, masks or keypoints are meant, and where areas come from
 * (coco.py, loadRes). The entries themselves are not changed.
 *
 * @throws CocoEvalError `BAD_INPUT` naming the entry
 */
export function loadDetections(results: unknown, options: DetectionOptions): Detections {
  if (!Array.isArray(results)) throw notResults(results);
  const builder = new DetectionBuilder(options);
  builder.reserve(results.length);
  for (const result of results as readonly unknown[]) builder.add(result);
  return finishDetections(builder, options);
}

/** Ends a builder; boxes that must come from masks are computed here. */
export function finishDetections(builder: DetectionBuilder, { params, warnings }: DetectionOptions): Detections {
  const detections = builder.build();
  if (detections.count === 0) warnings.note('empty-results', 'no results at all: every category with ground truth scores 0');
  if (params.iouType === 'bbox' && builder.kind === 'segmentation') boxesFromMasks(detections, warnings);
  return detections;
}

function boxesFromMasks({ count, area, bbox, segmentation }: Detections, warnings: WarningLog): void {
  const reader = new MaskReader();
  const mask = new MaskRuns();
  for (let i = 0; i < count; i++) {
    readMask(reader, segmentation!, i, undefined, mask, 'results', warnings);
    area[i] = mask.area;
    if (Number.isNaN(bbox![4 * i])) bbox!.set([mask.left, mask.top, mask.right - mask.left, mask.bottom - mask.top], 4 * i);
  }
}
