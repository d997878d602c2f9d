import type { Evaluation } from '../coco/evaluation.ts';
import { confusionMatrix, MAX_CONFUSION_CLASSES } from '../confusion/confusion-matrix.ts';
import type { ConfusionMatrix } from '../confusion/confusion-matrix.ts';
import { compareImages } from '../cross-class/images.ts';
import type { CrossClassInput, CrossClassOptions } from '../cross-class/images.ts';
import { warnUnknownIds } from '../coco/dataset.ts';
import type { Id } from '../coco/id-keys.ts';
import type { EvalParamsInput } from '../coco/params.ts';
import type { Warning } from '../coco/types.ts';
import { WarningLog } from '../coco/warnings.ts';
import { CocoEvalError, inFile, isInAnnotations } from '../errors.ts';
import { splitEvaluation, splitParameters, splitSelection } from '../splits/evaluate-split.ts';
import type { SplitEvaluation } from '../splits/evaluate-split.ts';
import type { CategorySplit } from '../splits/split.ts';
import { tide } from '../tide/tide.ts';
import type { TideResult } from '../tide/tide.ts';
import { evaluateFile, readAnnotations } from '../node/files.ts';
import type { CommandLine } from './options.ts';
import { detectionParameters, idsInFile, threadsOf } from './parameters.ts';
import type { Progress } from './progress.ts';
import { readSplit } from './split.ts';

/** Everything that the command shows of boxes, masks or keypoints. */
export interface DetectionOutcome {
  readonly evaluation: Evaluation;
  readonly lvis: boolean;
  readonly tide?: TideResult;
  readonly confusion?: ConfusionMatrix;
  readonly split?: CategorySplit & { readonly results: SplitEvaluation };
  /** What analyses over all classes compare, and how. */
  readonly source: CrossClassInput;
  readonly crossClass: CrossClassOptions;
  readonly nameOf: (id: number) => string;
  readonly warnings: readonly Warning[];
}

/** Reads the files, evaluates, and adds the analyses that were asked for. */
export async function runDetection(line: CommandLine, progress: Progress): Promise<DetectionOutcome> {
  const { values } = line;
  const lvis = values.lvis === true;
  const given = await detectionParameters(line);
  if (lvis && given.maxDets && given.maxDets.length !== 1) {
    throw new CocoEvalError('USAGE', `Expected one number for --max-dets beside --lvis but received ${given.maxDets.length}`, {
      hint: 'LVIS limits the detections of an image, not of a category: --max-dets 300.',
    });
  }
  const { iouType, mode, kptOksSigmas } = given;
  const dataset = await readAnnotations(line.groundTruth, { iouType, mode, kptOksSigmas, lvis });
  const idsOf = (records: readonly { readonly id: number }[]): ReadonlySet<Id> => new Set(records.map(({ id }) => dataset.keys.id(id)));
  const [images, categories] = [idsOf(dataset.images), idsOf(dataset.categories)];
  const { images: chosenImages, categories: chosenCategories, ...common } = given;
  const flags: EvalParamsInput = {
    ...common,
    imgIds: idsInFile('img-ids', chosenImages, images),
    catIds: idsInFile('cat-ids', chosenCategories, categories),
  };
  const split = values.split === undefined ? undefined : await readSplit(values.split, dataset, line.groundTruth);
  const input = split ? splitParameters(flags, splitSelection(dataset, split), lvis) : flags;
  const evaluation = await evaluateFile(dataset, line.results, {
    ...input,
    lvis,
    workers: threadsOf(line),
    onBytes: (done, total) => progress.step('reading results', done, total),
    onProgress: ({ done, total }) => progress.step('matching', done, total),
  }).catch((error: unknown) => {
    // The annotations were read before, so a fault in them names no file yet.
    throw error instanceof CocoEvalError && isInAnnotations(error) ? inFile(error, line.groundTruth) : error;
  });
  const { params, columns } = evaluation;
  const warnings = new WarningLog();
  warnings.merge(evaluation.warnings);
  warnUnknownIds('image', flags.imgIds, images, warnings);
  warnUnknownIds('category', flags.catIds, categories, warnings);
  const names = new Map(dataset.categories.map(({ id, name }) => [id, typeof name === 'string' ? name : String(dataset.keys.id(id))]));
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
    nameOf: (id) => names.get(id) ?? (id === -1 ? 'all' : String(dataset.keys.id(id))),
    warnings: warnings.list(),
  };
}

/** The largest limit; negative means none, as in LVIS. */
function limitOf(maxDets: readonly number[]): number {
  const limit = Math.max(...maxDets);
  return limit < 0 ? Infinity : limit;
}
