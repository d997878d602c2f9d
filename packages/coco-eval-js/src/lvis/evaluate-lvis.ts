import { type EvaluateOptions, prepareEvaluation, columnOptions, type PreparedEvaluation } from '../coco/evaluate.ts';
import { Evaluation } from '../coco/evaluation.ts';
import type { Detections } from '../coco/columns.ts';
import { loadDetections } from '../coco/load-detections.ts';
import { matchAll } from '../coco/match-run.ts';
import type { MatchRules } from '../coco/match-table.ts';
import type { Dataset, Result } from '../coco/types.ts';
import { CocoEvalError } from '../errors.ts';
import { federatedRules } from './federated.ts';
import { LVIS_SCHEME } from './summarize-lvis.ts';

/** LVIS keeps this many detections of an image. */
const LVIS_MAX_DETS = 300;

/** Parameters of an LVIS evaluation. There is one detection limit, for whole images. */
export interface LvisOptions extends Omit<EvaluateOptions, 'maxDets'> {
  /** Detections kept of each image over all categories; 300 by default, negative: all. */
  readonly maxDets?: number | undefined;
}

/** Checks an LVIS annotation file (v0.5 or v1; they differ in their categories only) and the parameters. */
export function prepareLvis(groundTruth: unknown, options: LvisOptions): PreparedEvaluation {
  const { maxDets = LVIS_MAX_DETS, iouType = 'segm', signal: _signal, onProgress: _onProgress, ...rest } = options;
  if (iouType === 'keypoints') throw new CocoEvalError('USAGE', 'Expected iouType "bbox" or "segm" for LVIS but received "keypoints"');
  const prepared = prepareEvaluation(groundTruth, { ...rest, iouType, maxDets: [maxDets < 0 ? LVIS_MAX_DETS : maxDets] }, true);
  prepared.dataset.categories.forEach(({ frequency }, i) => {
    if (!['r', 'c', 'f'].includes(frequency ?? '')) {
      prepared.warnings.add('missing-frequency', i, 'categories whose "frequency" is not r, c or f: in none of APr, APc, APf');
    }
  });
  return prepared;
}

/** The federated rules for prepared columns. `maxDets` as in `LvisOptions`. */
export function lvisRules(
  { dataset, params, groundTruth, warnings }: PreparedEvaluation,
  detections: Detections,
  maxDets: number = LVIS_MAX_DETS,
): MatchRules {
  return federatedRules(dataset, groundTruth, detections, params, maxDets, warnings);
}

/**
 * LVIS evaluation by the federated rules (lvis-api 7d7f07d): AP, APr, APc, APf and the others, 13 numbers.
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
  const prepared = prepareLvis(groundTruth, options);
  const detections = loadDetections(results, prepared.dataset, columnOptions(prepared.params), prepared.warnings);
  const rules = lvisRules(prepared, detections, options.maxDets);
  const { dataset, params, groundTruth: columns, warnings } = prepared;
  const table = matchAll(columns, detections, params, warnings, rules, options);
  return new Evaluation(params, table, dataset, warnings.list(), { groundTruth: columns, detections, rules }, LVIS_SCHEME);
}
