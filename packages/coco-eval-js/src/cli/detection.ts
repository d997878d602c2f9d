import type { Evaluation } from '../coco/evaluation.ts';
import type { Warning } from '../coco/types.ts';
import { confusionMatrix, MAX_CONFUSION_CLASSES } from '../confusion/confusion-matrix.ts';
import type { ConfusionMatrix } from '../confusion/confusion-matrix.ts';
import { compareImages } from '../cross-class/images.ts';
import type { CrossClassInput, CrossClassOptions } from '../cross-class/images.ts';
import { evaluateFile } from '../node/files.ts';
import { splitEvaluation } from '../splits/evaluate-split.ts';
import type { SplitEvaluation } from '../splits/evaluate-split.ts';
import type { CategorySplit } from '../splits/split.ts';
import { tide } from '../tide/tide.ts';
import type { TideResult } from '../tide/tide.ts';
import { fileOptions, inAnnotations, openAnnotations } from './opened.ts';
import type { CommandLine } from './options.ts';
import { threadsOf } from './parameters.ts';
import type { Progress } from './progress.ts';

/** Everything that the command shows of boxes, masks or keypoints. */
export interface DetectionOutcome {
  readonly evaluation: Evaluation;
  readonly lvis: boolean;
  readonly tide?: TideResult;
  readonly confusion?: ConfusionMatrix;
  readonly split?: CategorySplit & { readonly results: SplitEvaluation };
  /** What analyses over all classes compare, and how; absent when the evaluation was joined from parts. */
  readonly source?: CrossClassInput;
  readonly crossClass?: CrossClassOptions;
  readonly nameOf: (id: number) => string;
  /** What a split changes. */
  readonly remark?: string | undefined;
  readonly warnings: readonly Warning[];
}

/** Reads the files, evaluates, and adds the analyses that were asked for. */
export async function runDetection(line: CommandLine, progress: Progress): Promise<DetectionOutcome> {
  const { values } = line;
  const opened = await openAnnotations(line);
  const { dataset, lvis, split, flags, input } = opened;
  const options = { ...fileOptions(opened, progress), workers: threadsOf(line) };
  const evaluation = await inAnnotations(line, async () => evaluateFile(dataset, line.results, options));
  const { params, columns } = evaluation;
  const warnings = opened.warnings;
  warnings.merge(evaluation.warnings);
  const source = { dataset, gt: columns!.groundTruth, dt: columns!.detections };
  // Without a wish for images or categories everything in the files counts, also classes that only the results know.
  const crossClass: CrossClassOptions = {
    iouType: params.iouType,
    lvis,
    ...(input.imgIds && { imgIds: input.imgIds }),
    ...(input.catIds && { catIds: input.catIds }),
    ...(flags.maxDets && { maxDets: limitOf(flags.maxDets) }),
  };
  const byCategory = { ...crossClass, order: 'category', catIds: params.catIds, maxDets: limitOf(params.maxDets) } as const;
  const paged = values.report !== undefined && values['no-cats'] !== true;
  // A page is made without the matrix when that would be too large; asking for it by name is refused.
  const confused = values.confusion || (paged && params.catIds.length <= MAX_CONFUSION_CLASSES);
  return {
    evaluation,
    lvis,
    ...((values.tide || paged) && { tide: tide(compareImages(source, crossClass)) }),
    ...(confused && { confusion: confusionMatrix(compareImages(source, byCategory), params.catIds) }),
    ...(split && { split: { ...split, results: splitEvaluation(evaluation, split) } }),
    source,
    crossClass,
    nameOf: opened.nameOf,
    remark: opened.remark,
    warnings: warnings.list(),
  };
}

/** The largest limit; negative means none, as in LVIS. */
function limitOf(maxDets: readonly number[]): number {
  const limit = Math.max(...maxDets);
  return limit < 0 ? Infinity : limit;
}
