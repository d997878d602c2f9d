import type { Evaluation } from '../coco/evaluation.ts';
import type { Warning } from '../coco/types.ts';
import { confusionMatrix, MAX_CONFUSION_CLASSES } from '../confusion/confusion-matrix.ts';
import type { ConfusionMatrix } from '../confusion/confusion-matrix.ts';
import { calibration } from '../calibration/calibration.ts';
import type { Calibration } from '../calibration/calibration.ts';
import { compareImages } from '../cross-class/images.ts';
import type { CrossClassInput, CrossClassOptions } from '../cross-class/images.ts';
import { evaluateFile } from '../node/files.ts';
import { labelErrors } from '../label-errors/label-errors.ts';
import type { LabelError } from '../label-errors/label-errors.ts';
import { splitEvaluation } from '../splits/evaluate-split.ts';
import type { SplitEvaluation } from '../splits/evaluate-split.ts';
import type { CategorySplit } from '../splits/split.ts';
import { tide } from '../tide/tide.ts';
import type { TideResult } from '../tide/tide.ts';
import { type Named, namesIn } from './named.ts';
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
  readonly calibration?: Calibration;
  readonly labelErrors?: readonly LabelError[];
  readonly split?: CategorySplit & { readonly results: SplitEvaluation };
  /** What analyses over all classes compare, and how; absent when the evaluation was joined from parts. */
  readonly source?: CrossClassInput;
  readonly crossClass?: CrossClassOptions;
  readonly nameOf: (id: number) => string;
  /** Names of images and categories by the ids of the files. */
  readonly named: Named;
  /** What a split changes. */
  readonly remark?: string | undefined;
  readonly warnings: readonly Warning[];
}

/** Reads the files, evaluates, and adds the analyses that were asked for. */
export async function runDetection(line: CommandLine, progress: Progress): Promise<DetectionOutcome> {
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
  return {
    evaluation,
    lvis,
    ...analyses(line, evaluation, source, crossClass),
    ...(split && { split: { ...split, results: splitEvaluation(evaluation, split) } }),
    source,
    crossClass,
    nameOf: opened.nameOf,
    named: namesIn(dataset),
    remark: opened.remark,
    warnings: warnings.list(),
  };
}

type Analyses = Pick<DetectionOutcome, 'tide' | 'confusion' | 'calibration' | 'labelErrors'>;

/** What was asked for by name, and on a page whatever can be shown there. */
function analyses({ values }: CommandLine, evaluation: Evaluation, source: CrossClassInput, crossClass: CrossClassOptions): Analyses {
  const { params } = evaluation;
  const byCategory = { ...crossClass, order: 'category', catIds: params.catIds, maxDets: limitOf(params.maxDets) } as const;
  const paged = values.report !== undefined && values['no-cats'] !== true;
  const has50 = params.iouThrs.includes(0.5);
  // A page is made without the matrix when that would be too large; asking for it by name is refused.
  const confused = values.confusion || (paged && params.catIds.length <= MAX_CONFUSION_CLASSES);
  const doubted = values['label-errors'] || (paged && has50 && params.iouType !== 'keypoints');
  return {
    ...((values.tide || paged) && { tide: tide(compareImages(source, crossClass)) }),
    ...(confused && { confusion: confusionMatrix(compareImages(source, byCategory), params.catIds) }),
    ...((values.calibration || (paged && has50)) && { calibration: calibration(evaluation) }),
    ...(doubted && { labelErrors: labelErrors(evaluation) }),
  };
}

/** The largest limit; negative means none, as in LVIS. */
function limitOf(maxDets: readonly number[]): number {
  const limit = Math.max(...maxDets);
  return limit < 0 ? Infinity : limit;
}
