import { type EvaluateOptions, evaluateBy } from '../coco/evaluate.ts';
import type { Evaluation } from '../coco/evaluation.ts';
import type { Dataset, Result } from '../coco/types.ts';
import { CROWDPOSE_SCHEME } from './scheme.ts';

/**
 * CrowdPose evaluation of keypoints: AP, AP50, AP75, AR, AR50, AR75 and AP of easy, medium and hard images, 0..1 or -1 where nothing is to be counted. (The
 * reference rounds the last three to 4 decimals.)
 *
 * @throws CocoEvalError `BAD_INPUT` naming the faulty entry, `USAGE` for parameters that make no sense
 * @example
 * ```ts
 * import { evaluateCrowdPose, type Dataset, type Result } from 'coco-eval-js';
 * function hardAp(groundTruth: Dataset, results: Result[]): number | undefined {
 *   return evaluateCrowdPose(groundTruth, results).metrics['AP_hard'];
 * }
 * ```
 */
export function evaluateCrowdPose(
  groundTruth: Dataset,
  results: readonly Result[],
  options: Omit<EvaluateOptions, 'iouType'> = {},
): Evaluation {
  return evaluateBy(CROWDPOSE_SCHEME, groundTruth, results, options);
}
