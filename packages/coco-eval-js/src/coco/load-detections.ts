import { CocoEvalError, describe } from '../errors.ts';
import { MaskReader, MaskRuns } from '../mask/runs.ts';
import type { Detections } from './columns.ts';
import { DetectionBuilder, type DetectionOptions } from './detection-builder.ts';
import { readMask } from './overlap.ts';
import type { Dataset } from './types.ts';
import type { WarningLog } from './warnings.ts';

/**
 * A parsed results file as columns. The first entry decides for all whether boxes, masks or keypoints are meant, and where areas come from
 * (coco.py, loadRes). The entries themselves are not changed.
 *
 * @throws CocoEvalError `BAD_INPUT` naming the entry
 */
export function loadDetections(
  results: unknown,
  dataset: Pick<Dataset, 'images' | 'categories'>,
  options: DetectionOptions,
  warnings: WarningLog,
): Detections {
  if (!Array.isArray(results)) {
    throw new CocoEvalError('BAD_INPUT', `Expected a list of results but received ${describe(results)}`, {
      hint: 'A results file is a JSON array of { image_id, category_id, score, bbox | segmentation | keypoints }.',
    });
  }
  const builder = new DetectionBuilder(dataset, options, warnings);
  builder.reserve(results.length);
  for (const result of results as readonly unknown[]) builder.add(result);
  return finishDetections(builder, options, warnings);
}

/** Ends a builder; boxes that must come from masks are computed here. */
export function finishDetections(builder: DetectionBuilder, options: DetectionOptions, warnings: WarningLog): Detections {
  const detections = builder.build();
  if (detections.count === 0) warnings.add('empty-results', 0, 'no results at all: every category with ground truth scores 0');
  if (options.iouType === 'bbox' && builder.kind === 'segmentation') boxesFromMasks(detections, warnings);
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
