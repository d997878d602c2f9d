import type { Detections, GroundTruth } from './columns.ts';
import { checkDataset, warnRepeatedIds } from './dataset.ts';
import { Evaluation } from './evaluation.ts';
import { readGroundTruth } from './ground-truth.ts';
import { loadDetections } from './load-detections.ts';
import { matchAll } from './match-run.ts';
import type { MatchProgress } from './match-table.ts';
import { type EvalParams, type EvalParamsInput, resolveParams } from './params.ts';
import type { Dataset, Result } from './types.ts';
import { WarningLog } from './warnings.ts';

/** Parameters of an evaluation, and how to stop or follow it. */
export interface EvaluateOptions extends EvalParamsInput, MatchProgress {}

/** Everything an evaluation compares, checked and as columns. */
export interface PreparedEvaluation {
  readonly dataset: Dataset;
  readonly params: EvalParams;
  readonly groundTruth: GroundTruth;
  readonly warnings: WarningLog;
}

/** Checks the annotation file and the parameters. Detections are added by `loadDetections` or by the streaming reader. */
export function prepareEvaluation(groundTruth: unknown, options: EvalParamsInput, lvis = false): PreparedEvaluation {
  const dataset = checkDataset(groundTruth);
  const params = resolveParams(options, dataset);
  const warnings = new WarningLog();
  warnRepeatedIds(dataset, warnings);
  return { dataset, params, groundTruth: readGroundTruth(dataset, { ...columnOptions(params), lvis }, warnings), warnings };
}

/** What the columns of an evaluation hold. */
export function columnOptions({
  iouType,
  mode,
  kptOksSigmas,
}: EvalParams): Pick<EvalParams, 'iouType' | 'mode'> & { keypointCount: number } {
  return { iouType, mode, keypointCount: kptOksSigmas.length };
}

/** Matches and accumulates prepared columns. */
export function evaluateColumns(prepared: PreparedEvaluation, detections: Detections, progress: MatchProgress = {}): Evaluation {
  const { dataset, params, groundTruth, warnings } = prepared;
  const table = matchAll(groundTruth, detections, params, warnings, {}, progress);
  return new Evaluation(params, table, dataset, warnings.list(), { groundTruth, detections, rules: {} });
}

/**
 * COCO evaluation of boxes, masks or keypoints: the numbers of pycocotools 2.0.11, bit for bit, without changing the inputs.
 *
 * @param groundTruth a parsed annotation file
 * @param results a parsed results file
 * @throws CocoEvalError `BAD_INPUT` or `BAD_MASK` naming the faulty entry, `USAGE` for parameters that make no sense
 * @example
 * ```ts
 * import { evaluate, type Dataset, type Result } from 'coco-eval-js';
 * function report(groundTruth: Dataset, results: Result[]): void {
 *   const evaluation = evaluate(groundTruth, results, { iouType: 'bbox', maxDets: [100, 300, 1000] });
 *   console.log(evaluation.summary.text);
 *   console.log(JSON.stringify(evaluation));
 * }
 * ```
 */
export function evaluate(groundTruth: Dataset, results: readonly Result[], options: EvaluateOptions = {}): Evaluation {
  const { signal, onProgress, ...input } = options;
  const prepared = prepareEvaluation(groundTruth, input);
  const detections = loadDetections(results, prepared.dataset, columnOptions(prepared.params), prepared.warnings);
  return evaluateColumns(prepared, detections, { signal, onProgress });
}
