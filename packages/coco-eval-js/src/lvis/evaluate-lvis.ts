import { type EvaluateOptions, evaluateBy } from '../coco/evaluate.ts';
import type { Evaluation } from '../coco/evaluation.ts';
import type { Dataset, Result } from '../coco/types.ts';
import { lvisScheme } from './scheme.ts';

/** Parameters of an LVIS evaluation. There is one detection limit, for whole images. */
export interface LvisOptions extends Omit<EvaluateOptions, 'maxDets'> {
  /** Detections kept of each image over all categories; 300 by default, negative: all. */
  readonly maxDets?: number | undefined;
}

/**
 * LVIS evaluation by the federated rules (lvis-api 7d7f07d): AP, APr, APc, APf and the others, 13 numbers from 0 to 1, or -1 where nothing is to be counted.
 *
 * @throws CocoEvalError `BAD_INPUT` or `BAD_MASK` naming the faulty entry, `USAGE` for parameters that make no sense
 * @example
 * ```ts
 * import { evaluateLvis, type Dataset, type Result } from 'coco-eval-js';
 * function rareAp(groundTruth: Dataset, results: Result[]): number | undefined {
 *   return evaluateLvis(groundTruth, results, { iouType: 'segm' }).metrics['APr'];
 * }
 * ```
 */
export function evaluateLvis(groundTruth: Dataset, results: readonly Result[], options: LvisOptions = {}): Evaluation {
  const { maxDets, ...rest } = options;
  return evaluateBy(lvisScheme(maxDets), groundTruth, results, rest);
}
