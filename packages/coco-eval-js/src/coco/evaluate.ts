import { CocoEvalError } from '../errors.ts';
import { adviseGroundTruth, adviseParams } from './advice.ts';
import { AnnotationColumns, type GroundTruthOptions } from './annotation-columns.ts';
import type { Detections } from './columns.ts';
import { checkDataset, contextOf, warnRepeatedIds } from './dataset.ts';
import { Evaluation } from './evaluation.ts';
import { readGroundTruth } from './ground-truth-builder.ts';
import { IdIndex } from './ids.ts';
import { loadDetections } from './load-detections.ts';
import { matchAll } from './match-run.ts';
import type { MatchProgress } from './match-table.ts';
import { type EvalParams, type EvalParamsInput, resolveParams } from './params.ts';
import { COCO_SCHEME, type PreparedEvaluation, type Scheme } from './scheme.ts';
import type { Dataset, EvaluationContext, Result } from './types.ts';
import { WarningLog } from './warnings.ts';

/** Parameters of an evaluation, and how to stop or follow it. */
export interface EvaluateOptions extends EvalParamsInput, MatchProgress {}

/**
 * Checks the annotation file and the parameters. Detections are added by `loadDetections` or by the streaming reader.
 *
 * @param source a parsed annotation file, or the columns of one
 * @throws CocoEvalError `USAGE`, or `BAD_INPUT` naming the first faulty entry among those that are evaluated
 */
export function prepareEvaluation(source: unknown, options: EvalParamsInput, scheme: Scheme = COCO_SCHEME): PreparedEvaluation {
  const input = scheme.take(options);
  const read = source instanceof AnnotationColumns ? source : checkDataset(source);
  const { context, params } = resolveFor(read, input);
  const wanted: GroundTruthOptions = { ...columnOptions(params), scheme: scheme.name };
  const columns = read instanceof AnnotationColumns ? read : readGroundTruth(read, wanted, context);
  checkSameKind(columns.options, wanted);
  const asked = askedFor(input, params);
  const fault = columns.faults.first((row) => asked(columns.groundTruth.imageId[row]!, columns.groundTruth.categoryId[row]!));
  if (fault !== undefined) throw fault;
  const warnings = new WarningLog();
  warnings.merge(columns.warnings);
  warnRepeatedIds(columns, warnings);
  scheme.check(columns, warnings);
  adviseParams(params, scheme, warnings);
  adviseGroundTruth(columns, params, scheme, warnings);
  // Areas that the file does not tell are filled in while masks are compared.
  const groundTruth = { ...columns.groundTruth, area: columns.groundTruth.area.slice() };
  return { scheme, dataset: columns, params, groundTruth, asked, warnings };
}

function resolveFor(read: AnnotationColumns | Dataset, input: EvalParamsInput): { context: EvaluationContext; params: EvalParams } {
  const context = read instanceof AnnotationColumns ? read : contextOf(read);
  return { context, params: resolveParams(input, context) };
}

/** Whether an entry is looked at: all are, unless images or categories were chosen. */
function askedFor({ imgIds, catIds }: EvalParamsInput, params: EvalParams): PreparedEvaluation['asked'] {
  if (imgIds === undefined && catIds === undefined) return () => true;
  const images = imgIds && new IdIndex(params.imgIds);
  const categories = catIds && new IdIndex(params.catIds);
  return (image, category) => (images?.get(image) ?? 0) >= 0 && (categories?.get(category) ?? 0) >= 0;
}

/** Columns hold what one kind of evaluation looks at, by its rules. */
function checkSameKind(read: GroundTruthOptions, wanted: GroundTruthOptions): void {
  for (const name of ['iouType', 'mode', 'scheme', 'keypointCount'] as const) {
    if (read[name] === wanted[name]) continue;
    throw new CocoEvalError('USAGE', `Expected ${name} ${read[name]}, for which the annotations were read, but received ${wanted[name]}`);
  }
}

/** What the columns of an evaluation hold. */
export function columnOptions({
  iouType,
  mode,
  kptOksSigmas,
}: Pick<EvalParams, 'iouType' | 'mode' | 'kptOksSigmas'>): Pick<EvalParams, 'iouType' | 'mode'> & { keypointCount: number } {
  return { iouType, mode, keypointCount: kptOksSigmas.length };
}

/** Matches and accumulates prepared columns. */
export function evaluateColumns(prepared: PreparedEvaluation, detections: Detections, progress: MatchProgress = {}): Evaluation {
  const { scheme, dataset, params, groundTruth, warnings } = prepared;
  const rules = scheme.rules(prepared, detections);
  const table = matchAll(groundTruth, detections, params, warnings, rules, progress);
  return new Evaluation(params, table, dataset, warnings.list(), { groundTruth, detections, rules }, scheme);
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
  return evaluateBy(COCO_SCHEME, groundTruth, results, options);
}

/** The same by the rules of any scheme. */
export function evaluateBy(scheme: Scheme, groundTruth: Dataset, results: readonly Result[], options: EvaluateOptions): Evaluation {
  const { signal, onProgress, ...input } = options;
  const prepared = prepareEvaluation(groundTruth, input, scheme);
  const detections = loadDetections(results, prepared);
  return evaluateColumns(prepared, detections, { signal, onProgress });
}
