import type { Detections } from '../coco/columns.ts';
import { checkDataset } from '../coco/dataset.ts';
import { DetectionBuilder } from '../coco/detection-builder.ts';
import { columnOptions, type EvaluateOptions, prepareEvaluation, type PreparedEvaluation } from '../coco/evaluate.ts';
import { COCO_SCHEME, Evaluation, type Scheme } from '../coco/evaluation.ts';
import { finishDetections } from '../coco/load-detections.ts';
import { matchAll } from '../coco/match-run.ts';
import type { MatchProgress, MatchRules } from '../coco/match-table.ts';
import type { Dataset, IouType } from '../coco/types.ts';
import { CocoEvalError, inFile, isInAnnotations } from '../errors.ts';
import { parseJson } from '../json/parse-json.ts';
import { ResultsReader } from '../json/results-reader.ts';
import { lvisRules, prepareLvis } from '../lvis/evaluate-lvis.ts';
import { LVIS_SCHEME } from '../lvis/summarize-lvis.ts';
import { cutMasks } from './cut-masks.ts';
import { EvalThreads } from './eval-threads.ts';
import { readChunks, type ReadOptions, readWhole } from './read-file.ts';

/** Longer files do not fit in one string. */
const MAX_STRING_BYTES = 2 ** 28;
/** Longer texts are read from their bytes: the engine's own parser does not count what it builds. */
const MAX_PARSED_LENGTH = 2 ** 26;

/** Of mask strings, before the first is read. */
const MAX_RESERVED_BYTES = 2 ** 30;

/** How a JSON file is read. */
export interface ReadJsonOptions extends ReadOptions {
  /** Keys whose values are left out, at any depth. */
  readonly skipKeys?: readonly string[] | undefined;
}

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
export async function readJsonFile(path: string, options: ReadJsonOptions = {}): Promise<unknown> {
  return named(path, async () => {
    const bytes = await readWhole(path, options);
    const skipKeys = options.skipKeys ?? [];
    if (bytes.length < (skipKeys.length === 0 ? MAX_PARSED_LENGTH : MAX_STRING_BYTES)) {
      try {
        const text = skipKeys.reduce(cutMasks, new TextDecoder().decode(bytes));
        // Values of another form than masks are left out below.
        const clean = !skipKeys.some((key) => text.includes(`"${key}"`));
        if (clean && text.length < MAX_PARSED_LENGTH) return JSON.parse(text) as unknown;
      } catch {
        // Read again below: for the place of the fault, and because Python writes NaN where JSON has no word for it.
      }
    }
    return parseJson(bytes, skipKeys);
  });
}

/** How an annotation file is read. */
export interface ReadDatasetOptions extends ReadOptions {
  /** Leaves out what this kind of evaluation does not look at: masks are most of the file and of its memory. Absent: everything is read. */
  readonly iouType?: IouType | undefined;
}

/**
 * Reads an annotation file (also .json.gz).
 *
 * @throws CocoEvalError as `readJsonFile`, and `BAD_INPUT` when it is not an annotation file
 * @example
 * ```ts
 * import { readDataset } from 'coco-eval-js/node';
 * async function countImages(path: string): Promise<number> {
 *   return (await readDataset(path, { iouType: 'bbox' })).images.length;
 * }
 * ```
 */
export async function readDataset(path: string, options: ReadDatasetOptions = {}): Promise<Dataset> {
  const { iouType, ...rest } = options;
  const skipKeys = iouType === undefined || iouType === 'segm' ? undefined : ['segmentation'];
  return named(path, async () => checkDataset(await readJsonFile(path, { ...rest, skipKeys })));
}

/** Parameters of an evaluation from files. */
export interface EvaluateFileOptions extends EvaluateOptions {
  /** By the federated rules of LVIS; the largest of `maxDets` is then the limit for a whole image. */
  readonly lvis?: boolean | undefined;
  /** Worker threads that match; 1 by default: no worker, everything on the calling thread. */
  readonly workers?: number | undefined;
  /** Bytes of the results file read so far and in all. */
  readonly onBytes?: ReadOptions['onBytes'];
}

/**
 * Evaluates a results file of any size (also .json.gz) against a data set. The file is read as a stream into columns.
 *
 * @throws CocoEvalError naming the file and the faulty entry
 * @example
 * ```ts
 * import { evaluateFile, readDataset } from 'coco-eval-js/node';
 * async function compare(annotations: string, results: string[]): Promise<void> {
 *   const dataset = await readDataset(annotations, { iouType: 'bbox' });
 *   for (const path of results) {
 *     const evaluation = await evaluateFile(dataset, path, { iouType: 'bbox' });
 *     console.log(path, evaluation.metrics['AP']);
 *   }
 * }
 * ```
 */
export async function evaluateFile(dataset: Dataset, resultsPath: string, options: EvaluateFileOptions = {}): Promise<Evaluation> {
  const { lvis = false, workers = 1, onBytes, signal, onProgress, maxDets, ...input } = options;
  const threads = workers > 1 ? new EvalThreads(workers) : undefined;
  try {
    const limit = maxDets === undefined ? undefined : Math.max(...maxDets);
    const prepared = lvis ? prepareLvis(dataset, { ...input, maxDets: limit }) : prepareEvaluation(dataset, { ...input, maxDets });
    const detections = await readResults(resultsPath, prepared, { onBytes, signal });
    const rules = lvis ? lvisRules(prepared, detections, limit) : {};
    const scheme = lvis ? LVIS_SCHEME : COCO_SCHEME;
    const work = async (): Promise<Evaluation> => finish(prepared, detections, rules, scheme, threads, { signal, onProgress });
    return await named(resultsPath, work, ({ list }) => list === 'results');
  } finally {
    await threads?.close();
  }
}

async function finish(
  prepared: PreparedEvaluation,
  detections: Detections,
  rules: MatchRules,
  scheme: Scheme,
  threads: EvalThreads | undefined,
  progress: MatchProgress,
): Promise<Evaluation> {
  const { dataset, params, groundTruth, warnings } = prepared;
  const { table, ...columns } =
    threads === undefined
      ? { groundTruth, detections, table: matchAll(groundTruth, detections, params, warnings, rules, progress) }
      : await threads.match(prepared, detections, rules, progress);
  return new Evaluation(params, table, dataset, warnings.list(), { ...columns, rules }, scheme);
}

/** Streams a results file into columns. */
async function readResults(path: string, prepared: PreparedEvaluation, { signal, onBytes }: ReadOptions): Promise<Detections> {
  return named(path, async () => {
    const columns = columnOptions(prepared.params);
    const builder = new DetectionBuilder(prepared.dataset, columns, prepared.warnings);
    const reader = new ResultsReader(builder);
    const listen = (done: number, total: number): void => {
      // Mask strings are most of a file: one buffer of its size spares growing, and what is not used takes no memory.
      if (builder.count === 0) builder.reserveMasks(Math.min(total, MAX_RESERVED_BYTES));
      onBytes?.(done, total);
    };
    for await (const chunk of readChunks(path, { signal, onBytes: listen })) reader.write(chunk);
    reader.end();
    return finishDetections(builder, columns, prepared.warnings);
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
  const dataset = await readDataset(groundTruthPath, { iouType: options.iouType ?? 'segm', signal: options.signal });
  return named(groundTruthPath, async () => evaluateFile(dataset, resultsPath, options), isInAnnotations);
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
