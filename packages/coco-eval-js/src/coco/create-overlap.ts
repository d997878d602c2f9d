import { BoundaryOverlap } from './boundary-overlap.ts';
import { BoxOverlap } from './box-overlap.ts';
import type { Detections, GroundTruth } from './columns.ts';
import { KeypointOverlap } from './keypoint-overlap.ts';
import { MaskOverlap } from './mask-overlap.ts';
import type { Overlap } from './overlap.ts';
import type { EvalParams } from './params.ts';
import type { WarningLog } from './warnings.ts';

/** Chooses the overlap of an evaluation. Detections whose area comes from their mask get it written to `area` when they are first compared. */
export function createOverlap(gt: GroundTruth, dt: Detections, params: EvalParams, warnings: WarningLog): Overlap {
  if (params.iouType === 'bbox') return new BoxOverlap(gt, dt);
  if (params.iouType === 'segm') return new MaskOverlap(gt, dt, warnings);
  if (params.iouType === 'boundary') return new BoundaryOverlap(gt, dt, warnings);
  return new KeypointOverlap(gt, dt, params.kptOksSigmas);
}
