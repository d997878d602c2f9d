import { columnOptions, evaluateColumns, prepareEvaluation } from '../coco/evaluate.ts';
import type { Evaluation } from '../coco/evaluation.ts';
import { loadDetections } from '../coco/load-detections.ts';
import { confusionMatrix } from '../confusion/confusion-matrix.ts';
import type { ConfusionMatrix } from '../confusion/confusion-matrix.ts';
import { compareImages } from '../cross-class/images.ts';
import type { CrossClassInput, CrossClassOptions } from '../cross-class/images.ts';
import { CocoEvalError } from '../errors.ts';
import { evaluateLvisColumns, prepareLvis } from '../lvis/evaluate-lvis.ts';
import { tide } from '../tide/tide.ts';
import type { TideResult } from '../tide/tide.ts';
import { readJson } from './files.ts';
import type { CommandLine } from './options.ts';
import { detectionParameters } from './parameters.ts';
import type { Progress } from './progress.ts';

/** Everything that the command shows of boxes, masks or keypoints. */
export interface DetectionOutcome {
  readonly evaluation: Evaluation;
  readonly lvis: boolean;
  readonly tide?: TideResult;
  readonly confusion?: ConfusionMatrix;
  /** What analyses over all classes compare, and how. */
  readonly source: CrossClassInput;
  readonly crossClass: CrossClassOptions;
  readonly nameOf: (id: number) => string;
}

/** Reads the files, evaluates, and adds the analyses that were asked for. */
export async function runDetection(line: CommandLine, progress: Progress): Promise<DetectionOutcome> {
  const { values } = line;
  const input = await detectionParameters(line);
  const lvis = values.lvis === true;
  const groundTruth = await readJson(line.groundTruth);
  const limit = lvisLimit(lvis, input.maxDets);
  const prepared = lvis ? prepareLvis(groundTruth, { ...input, maxDets: limit }) : prepareEvaluation(groundTruth, input);
  const detections = loadDetections(await readJson(line.results), prepared.dataset, columnOptions(prepared.params), prepared.warnings);
  const onProgress = ({ done, total }: { done: number; total: number }): void => progress.step('matching', done, total);
  const evaluation = lvis
    ? evaluateLvisColumns(prepared, detections, limit, { onProgress })
    : evaluateColumns(prepared, detections, { onProgress });
  const { params, dataset } = prepared;
  const names = new Map(dataset.categories.map(({ id, name }) => [id, name ?? String(id)]));
  const source = { dataset, gt: prepared.groundTruth, dt: detections };
  // Without a wish for images or categories everything in the files counts, also classes that only the results know.
  const crossClass: CrossClassOptions = {
    iouType: params.iouType,
    lvis,
    ...(input.imgIds && { imgIds: input.imgIds }),
    ...(input.catIds && { catIds: input.catIds }),
  };
  const categoryIds = params.catIds;
  const wantsAll = values.report !== undefined;
  return {
    evaluation,
    lvis,
    ...((values.tide || wantsAll) && { tide: tide(compareImages(source, crossClass)) }),
    ...((values.confusion || wantsAll) && {
      confusion: confusionMatrix(compareImages(source, { ...crossClass, order: 'category', catIds: categoryIds }), categoryIds),
    }),
    source,
    crossClass,
    nameOf: (id) => names.get(id) ?? String(id),
  };
}

/** LVIS has one limit for an image. */
function lvisLimit(lvis: boolean, maxDets: readonly number[] | undefined): number | undefined {
  if (!lvis || !maxDets) return undefined;
  if (maxDets.length !== 1) {
    throw new CocoEvalError('USAGE', `Expected one number for --max-dets beside --lvis but received ${maxDets.length}`, {
      hint: 'LVIS limits the detections of an image, not of a category: --max-dets 300.',
    });
  }
  return maxDets[0];
}
