import { AnnotationColumns, type GroundTruthOptions } from '../coco/annotation-columns.ts';
import type { Detections } from '../coco/columns.ts';
import { checkDataset } from '../coco/dataset.ts';
import { DetectionBuilder } from '../coco/detection-builder.ts';
import { columnOptions, evaluateColumns, type EvaluateOptions, prepareEvaluation } from '../coco/evaluate.ts';
import type { Evaluation } from '../coco/evaluation.ts';
import { finishDetections } from '../coco/load-detections.ts';
import { COCO_SIGMAS, type EvalParamsInput } from '../coco/params.ts';
import type { PreparedEvaluation } from '../coco/scheme.ts';
import type { Dataset } from '../coco/types.ts';
import { CocoEvalError, inFile, isInAnnotations } from '../errors.ts';
import { CROWDPOSE_SCHEME, CROWDPOSE_SIGMAS } from '../crowdpose/scheme.ts';
import { parseAnnotations } from '../json/annotations-reader.ts';
import { parseJson, parseNatively } from '../json/parse-json.ts';
import { ResultsReader } from '../json/results-reader.ts';
import { schemeFor } from '../lvis/scheme.ts';
import { checkPart, matchPart, type MatchShard } from '../shards/shard.ts';
import { splitEvaluation, type SplitEvaluation, splitParameters, splitSelection } from '../splits/evaluate-split.ts';
import { type CategorySplit, namedSplit, type SplitName } from '../splits/split.ts';
import { EvalThreads } from './eval-threads.ts';
import { readChunks, type ReadOptions, readWhole } from './read-file.ts';

/** Of mask strings, before the first is read. */
const MAX_RESERVED_BYTES = 2 ** 30;

/**
 * Reads a JSON file (also .json.gz) of at most 2 GiB.
 *
 * @throws CocoEvalError `INPUT_NOT_FOUND`, `INPUT_UNREADABLE`, or `BAD_JSON` naming the byte
 * @example
 * ```ts
 * import { readJsonFile } from 'coco-eval-js/node';
 * async function countEntries(path: string): Promise<number> {
 *   const value = await readJsonFile(path);
 *   return Array.isArray(value) ? value.length : 0;
 * }
 * ```
 */
export async function readJsonFile(path: string, options: ReadOptions = {}): Promise<unknown> {
  return named(path, async () => {
    const bytes = await readWhole(path, options);
    return parseNatively(bytes) ?? parseJson(bytes);
  });
}

/**
 * Reads an annotation file (also .json.gz) as objects.
 *
 * @throws CocoEvalError as `readJsonFile`, and `BAD_INPUT` when it is not an annotation file
 * @example
 * ```ts
 * import { readDataset } from 'coco-eval-js/node';
 * async function countImages(path: string): Promise<number> {
 *   return (await readDataset(path)).images.length;
 * }
 * ```
 */
export async function readDataset(path: string, options: ReadOptions = {}): Promise<Dataset> {
  return named(path, async () => checkDataset(await readJsonFile(path, options)));
}

/** What is taken from an annotation file: as in the evaluation that it is read for. */
export interface ReadAnnotationsOptions extends ReadOptions, Pick<EvalParamsInput, 'iouType' | 'mode' | 'kptOksSigmas'> {
  /** By the rules of LVIS. */
  readonly lvis?: boolean | undefined;
  /** By the rules of CrowdPose. */
  readonly crowdPose?: boolean | undefined;
}

/**
 * Reads an annotation file (also .json.gz) straight into columns, once for any number of results: faster and much smaller than the objects of `readDataset`.
 *
 * @throws CocoEvalError as `readDataset`; `BAD_INPUT` and `LIMIT` name the faulty entry
 * @example
 * ```ts
 * import { evaluateFile, readAnnotations } from 'coco-eval-js/node';
 * async function compare(annotations: string, results: string[]): Promise<void> {
 *   const groundTruth = await readAnnotations(annotations, { iouType: 'bbox' });
 *   for (const path of results) console.log(path, (await evaluateFile(groundTruth, path)).metrics['AP']);
 * }
 * ```
 */
export async function readAnnotations(path: string, options: ReadAnnotationsOptions = {}): Promise<AnnotationColumns> {
  const { crowdPose = false, lvis = false, mode = 'reference', signal, onBytes } = options;
  const { iouType = crowdPose ? 'keypoints' : 'segm', kptOksSigmas = crowdPose ? CROWDPOSE_SIGMAS : COCO_SIGMAS } = options;
  const scheme = crowdPose ? 'crowdpose' : lvis ? 'lvis' : 'coco';
  const columns: GroundTruthOptions = { ...columnOptions({ iouType, mode, kptOksSigmas }), scheme };
  return named(path, async () => parseAnnotations(await readWhole(path, { signal, onBytes }), columns));
}

/** Parameters of an evaluation from files. */
export interface EvaluateFileOptions extends EvaluateOptions {
  /** By the federated rules of LVIS; the largest of `maxDets` is then the limit for a whole image. */
  readonly lvis?: boolean | undefined;
  /** By the rules of CrowdPose: 14 keypoints; easy, medium and hard images. */
  readonly crowdPose?: boolean | undefined;
  /** Worker threads that match; 1 by default: no worker, everything on the calling thread. */
  readonly workers?: number | undefined;
  /** Bytes of the results file read so far and in all. */
  readonly onBytes?: ReadOptions['onBytes'];
}

/**
 * Evaluates a results file of any size (also .json.gz) against a data set. The file is read as a stream into columns.
 *
 * @param annotations of `readAnnotations`, with the options they were read for, or a parsed annotation file
 * @throws CocoEvalError naming the file and the faulty entry
 * @example
 * ```ts
 * import { evaluateFile, readAnnotations } from 'coco-eval-js/node';
 * async function boxAp(annotations: string, results: string): Promise<number | undefined> {
 *   const groundTruth = await readAnnotations(annotations, { iouType: 'bbox' });
 *   return (await evaluateFile(groundTruth, results)).metrics['AP'];
 * }
 * ```
 */
export async function evaluateFile(
  annotations: AnnotationColumns | Dataset,
  resultsPath: string,
  options: EvaluateFileOptions = {},
): Promise<Evaluation> {
  const { workers = 1, onBytes, signal, onProgress } = options;
  const threads = workers > 1 ? new EvalThreads(workers) : undefined;
  const progress = { signal, onProgress };
  try {
    const prepared = prepareFor(annotations, options);
    const detections = await readResults(resultsPath, prepared, threads !== undefined, { onBytes, signal });
    const work = async (): Promise<Evaluation> =>
      threads === undefined ? evaluateColumns(prepared, detections, progress) : threads.evaluate(prepared, detections, progress);
    return await named(resultsPath, work, ({ list }) => list === 'results');
  } finally {
    await threads?.close();
  }
}

/** Prepares an evaluation by the options that the annotations were read for. */
function prepareFor(annotations: AnnotationColumns | Dataset, options: EvaluateFileOptions): PreparedEvaluation {
  const read: Partial<GroundTruthOptions> = annotations instanceof AnnotationColumns ? annotations.options : {};
  const { lvis = read.scheme === 'lvis', crowdPose = read.scheme === 'crowdpose' } = options;
  const {
    lvis: _lvis,
    crowdPose: _crowdPose,
    workers: _workers,
    onBytes: _onBytes,
    signal: _signal,
    onProgress: _onProgress,
    ...rest
  } = options;
  const input = { ...rest, iouType: rest.iouType ?? read.iouType, mode: rest.mode ?? read.mode };
  return prepareEvaluation(annotations, input, crowdPose ? CROWDPOSE_SCHEME : schemeFor(lvis, input.maxDets));
}

/**
 * `matchShard` of a results file of any size, which is read as a stream.
 *
 * @param annotations of `readAnnotations`, with the options they were read for
 * @throws CocoEvalError as `evaluateFile` and `matchShard`
 * @example
 * ```ts
 * import { serializeShard } from 'coco-eval-js';
 * import { matchShardFile, readAnnotations } from 'coco-eval-js/node';
 * async function secondOfFour(annotations: string, results: string): Promise<Uint8Array> {
 *   const columns = await readAnnotations(annotations, { iouType: 'bbox' });
 *   return serializeShard(await matchShardFile(columns, results, { index: 1, count: 4 }));
 * }
 * ```
 */
export async function matchShardFile(
  annotations: AnnotationColumns,
  resultsPath: string,
  options: Omit<EvaluateFileOptions, 'workers'> & Pick<MatchShard, 'index' | 'count'>,
): Promise<MatchShard> {
  const { index, count, ...rest } = options;
  const { onBytes, signal, onProgress } = rest;
  checkPart(index, count);
  const prepared = prepareFor(annotations, rest);
  const detections = await readResults(resultsPath, prepared, false, { onBytes, signal });
  const work = async (): Promise<MatchShard> => matchPart(prepared, detections, { index, count }, { signal, onProgress });
  return named(resultsPath, work, ({ list }) => list === 'results');
}

/** Streams a results file into columns. Mask strings, most of it, are put where threads can read them if `shared`. */
async function readResults(
  path: string,
  prepared: PreparedEvaluation,
  shared: boolean,
  { signal, onBytes }: ReadOptions,
): Promise<Detections> {
  return named(path, async () => {
    const builder = new DetectionBuilder(prepared);
    const reader = new ResultsReader(builder);
    const listen = (done: number, total: number): void => {
      // Mask strings are most of a file: one buffer of its size spares growing, and what is not used takes no memory.
      if (builder.count === 0) builder.reserveMasks(Math.min(total, MAX_RESERVED_BYTES), shared);
      onBytes?.(done, total);
    };
    for await (const chunk of readChunks(path, { signal, onBytes: listen })) reader.write(chunk);
    reader.end();
    return finishDetections(builder, prepared);
  });
}

/**
 * Evaluates two files: annotations and results.
 *
 * @throws CocoEvalError naming the file and the faulty entry
 * @example
 * ```ts
 * import { evaluateFiles } from 'coco-eval-js/node';
 * async function main(): Promise<void> {
 *   const evaluation = await evaluateFiles('instances_val2017.json', 'detections.json', { iouType: 'segm' });
 *   console.log(evaluation.summary.text, JSON.stringify(evaluation));
 * }
 * ```
 */
export async function evaluateFiles(groundTruthPath: string, resultsPath: string, options: EvaluateFileOptions = {}): Promise<Evaluation> {
  const { iouType, mode, kptOksSigmas, lvis, crowdPose, signal } = options;
  const annotations = await readAnnotations(groundTruthPath, { iouType, mode, kptOksSigmas, lvis, crowdPose, signal });
  return named(groundTruthPath, async () => evaluateFile(annotations, resultsPath, options), isInAnnotations);
}

/**
 * `evaluateSplit` of a results file of any size, which is read as a stream. By the rules of LVIS when the annotations were read by them.
 *
 * @param annotations of `readAnnotations`, with the options they were read for
 * @throws CocoEvalError as `evaluateFile`
 * @example
 * ```ts
 * import { ovCocoSplit } from 'coco-eval-js';
 * import { evaluateSplitFile, readAnnotations } from 'coco-eval-js/node';
 * async function novelAp50(annotations: string, results: string): Promise<number | undefined> {
 *   const columns = await readAnnotations(annotations, { iouType: 'bbox' });
 *   return (await evaluateSplitFile(columns, results, ovCocoSplit(columns))).metrics['AP50_novel'];
 * }
 * ```
 */
export async function evaluateSplitFile(
  annotations: AnnotationColumns,
  resultsPath: string,
  split: CategorySplit,
  options: EvaluateFileOptions = {},
): Promise<SplitEvaluation> {
  const input = splitParameters(options, splitSelection(annotations, split), annotations.options.scheme === 'lvis');
  return splitEvaluation(await evaluateFile(annotations, resultsPath, { ...options, ...input }), split);
}

/**
 * `evaluateSplit` of two files: numbers of groups of categories, as for open vocabularies, beside the usual ones.
 *
 * @param split a known name, or a split of `parseSplit`
 * @throws CocoEvalError naming the file and the faulty entry, or the category of the split that is missing
 * @example
 * ```ts
 * import { evaluateSplitFiles } from 'coco-eval-js/node';
 * async function novelAp50(): Promise<number | undefined> {
 *   const { metrics } = await evaluateSplitFiles('instances_val2017.json', 'detections.json', 'ov-coco');
 *   return metrics['AP50_novel'];
 * }
 * ```
 */
export async function evaluateSplitFiles(
  groundTruthPath: string,
  resultsPath: string,
  split: CategorySplit | SplitName,
  options: EvaluateFileOptions = {},
): Promise<SplitEvaluation> {
  const { iouType = 'bbox', mode, signal } = options;
  const known = typeof split === 'string' ? split : split.name;
  const lvis = options.lvis ?? known === 'ov-lvis';
  const annotations = await readAnnotations(groundTruthPath, { iouType, mode, lvis, signal });
  const groups = await named(groundTruthPath, async () => (typeof split === 'string' ? namedSplit(split, annotations) : split));
  const work = async (): Promise<SplitEvaluation> => evaluateSplitFile(annotations, resultsPath, groups, { ...options, iouType });
  return named(groundTruthPath, work, isInAnnotations);
}

/** Adds the file's name to errors that were found in it. */
async function named<T>(path: string, work: () => Promise<T>, isIn: (error: CocoEvalError) => boolean = () => true): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof CocoEvalError) || error.code === 'USAGE' || error.code === 'ABORTED') throw error;
    throw error.message.includes(path) || !isIn(error) ? error : inFile(error, path);
  }
}
