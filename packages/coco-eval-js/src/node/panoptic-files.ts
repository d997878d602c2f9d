import { join } from 'node:path';
import { warnUnknownIds } from '../coco/dataset.ts';
import type { Id } from '../coco/id-keys.ts';
import type { Mode, Warning } from '../coco/types.ts';
import { WarningLog } from '../coco/warnings.ts';
import { CocoEvalError, describe, inFile, throwIfAborted } from '../errors.ts';
import { addPanopticImage } from '../panoptic/panoptic-image.ts';
import type { PanopticCategoryId, PanopticOptions, PanopticStats, PanopticWarning } from '../panoptic/panoptic-image.ts';
import { panopticQuality } from '../panoptic/panoptic-quality.ts';
import type { PanopticCategory, PanopticResult } from '../panoptic/panoptic-quality.ts';
import { readJsonFile } from './files.ts';
import { annotationsOf, categoriesOf, sizesOf } from './panoptic-entries.ts';
import type { PanopticAnnotation, Side } from './panoptic-entries.ts';
import { decodePanopticPng, readPngHeader } from './png.ts';
import type { IdMap } from './png.ts';
import { readRegularFile } from './read-file.ts';

/** Bytes of one PNG: more than pixels that cannot be packed would take in any set in use. */
const MAX_PNG_BYTES = 2 ** 28;

/** What `evaluatePanopticFiles` may be told. */
export interface PanopticFilesOptions {
  /** PNG folder of the ground truth. Default: its JSON path without `.json` (panopticapi). */
  readonly gtFolder?: string | undefined;
  /** PNG folder of the predictions. Default: their JSON path without `.json`. */
  readonly dtFolder?: string | undefined;
  /** See `PanopticOptions`. */
  readonly mode?: Mode | undefined;
  readonly imgIds?: readonly Id[] | undefined;
  readonly catIds?: readonly Id[] | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Images done and in all. */
  readonly onProgress?: ((event: { readonly done: number; readonly total: number }) => void) | undefined;
}

/** Result and what it was computed from. */
export interface PanopticOutcome {
  readonly result: PanopticResult;
  readonly categories: readonly PanopticCategory[];
  readonly images: number;
  /** What is tolerated, counted: a line for each kind. */
  readonly warnings: readonly Warning[];
}

/**
 * Panoptic quality of two COCO panoptic JSON files (also .json.gz) with their PNG folders, image by image (panopticapi's `pq_compute`).
 *
 * @throws CocoEvalError `BAD_INPUT` naming the entry, `INPUT_NOT_FOUND` or `INPUT_UNREADABLE` naming the file
 * @example
 * ```ts
 * import { evaluatePanopticFiles } from 'coco-eval-js/node';
 * async function pq(): Promise<number | null> {
 *   const { result } = await evaluatePanopticFiles('panoptic_val2017.json', 'predictions.json', { dtFolder: 'predictions_png' });
 *   return result.all.pq;
 * }
 * ```
 */
export async function evaluatePanopticFiles(gtPath: string, dtPath: string, options: PanopticFilesOptions = {}): Promise<PanopticOutcome> {
  const gt = await readSide(gtPath, options.gtFolder);
  const dt = await readSide(dtPath, options.dtFolder);
  const warnings = new WarningLog();
  const all = categoriesOf(gt, warnings);
  const known: ReadonlySet<PanopticCategoryId> = new Set(all.map(({ id }) => id));
  const categories = options.catIds ? all.filter(({ id }) => options.catIds!.includes(id)) : all;
  const annotated = annotationsOf(gt, known);
  const predicted = annotationsOf(dt, known);
  warnAboutEntries(annotated, predicted, known, warnings);
  warnUnknownIds<Id>('image', options.imgIds, new Set(annotated.map(({ image_id: image }) => image)), warnings);
  warnUnknownIds<Id>('category', options.catIds, known, warnings);
  const chosen = options.imgIds && new Set<Id>(options.imgIds);
  const sizes = sizesOf(gt);
  const predictions = new Map(predicted.map((annotation) => [annotation.image_id, annotation]));
  const stats: PanopticStats = new Map();
  const truths = [...annotated.entries()].filter(([, { image_id: image }]) => !chosen || chosen.has(image));
  for (const [done, [index, truth]] of truths.entries()) {
    throwIfAborted(options.signal);
    const prediction = predictions.get(truth.image_id);
    if (!prediction) {
      throw new CocoEvalError(
        'BAD_INPUT',
        `Expected a prediction for image ${describe(truth.image_id)} (annotations[${index}] of ${gt.name}) in ${dt.name} but found none`,
        { index, hint: 'Predict every image of the ground truth, or choose the images that are predicted.' },
      );
    }
    const onWarning = ({ code, message }: PanopticWarning): void => warnings.add(code, index, message);
    await addImage(stats, [gt, truth], [dt, prediction], sizes.get(truth.image_id), {
      categories: known,
      mode: options.mode ?? 'reference',
      onWarning,
    });
    options.onProgress?.({ done: done + 1, total: truths.length });
  }
  return { result: panopticQuality(stats, categories), categories, images: truths.length, warnings: warnings.list() };
}

type Entry = readonly [side: Side, annotation: PanopticAnnotation];

/** Reads the two maps of an image and adds their counts. Nothing is unpacked before the sizes agree. */
async function addImage(
  stats: PanopticStats,
  truth: Entry,
  prediction: Entry,
  stated: string | undefined,
  options: PanopticOptions,
): Promise<void> {
  const imageId = truth[1].image_id;
  const [truthFile, predictedFile] = [await readMap(truth), await readMap(prediction)];
  if (stated !== undefined && truthFile.size !== stated) {
    const message = `Expected a map of ${stated}, as "images" says of image ${describe(imageId)}, in ${truth[0].folder} but found ${truthFile.size}`;
    throw new CocoEvalError('BAD_INPUT', message, { hint: 'Correct the record of the image, or the map.' });
  }
  if (truthFile.size !== predictedFile.size) {
    const message = `Expected a map of ${truthFile.size} for image ${describe(imageId)} in ${prediction[0].folder} but found ${predictedFile.size}`;
    throw new CocoEvalError('BAD_INPUT', message, { hint: 'Save the prediction at the size of the ground truth.' });
  }
  const [truthMap, predictedMap] = [decodeMap(truthFile, truth), decodeMap(predictedFile, prediction)];
  try {
    addPanopticImage(
      stats,
      { ids: truthMap.ids, segments: truth[1].segments_info },
      { ids: predictedMap.ids, segments: prediction[1].segments_info },
      { ...options, imageId },
    );
  } catch (error) {
    if (!(error instanceof CocoEvalError)) throw error;
    throw inFile(error, error.message.includes('ground truth in image') ? truth[0].name : prediction[0].name);
  }
}

/** What panopticapi accepts in silence. */
function warnAboutEntries(
  truths: readonly PanopticAnnotation[],
  predictions: readonly PanopticAnnotation[],
  categories: ReadonlySet<PanopticCategoryId>,
  warnings: WarningLog,
): void {
  const images = new Set<number | string>();
  truths.forEach(({ image_id: image, segments_info: segments }, index) => {
    if (images.has(image)) warnings.add('duplicate-image', index, 'annotations of an image that was there before: it counts again');
    images.add(image);
    if (segments.some(({ iscrowd }) => iscrowd === undefined || iscrowd === null))
      warnings.add('missing-iscrowd', index, 'annotations with segments without "iscrowd": taken as 0');
    if (segments.some(({ category_id: category }) => !categories.has(category)))
      warnings.add('unknown-category', index, 'annotations with segments of categories that are not in the file: not counted');
  });
  const seen = new Set<number | string>();
  predictions.forEach(({ image_id: image }, index) => {
    if (!images.has(image)) warnings.add('unknown-image', index, 'predictions of images that are not in the ground truth: not evaluated');
    if (seen.has(image)) warnings.add('duplicate-prediction', index, 'predictions of an image that was there before; the last one is used');
    seen.add(image);
  });
}

async function readSide(path: string, folder: string | undefined): Promise<Side> {
  return { json: await readJsonFile(path), folder: folder ?? path.replace(/\.gz$/i, '').replace(/\.json$/i, ''), name: path };
}

/** A PNG that is not unpacked yet. */
interface MapFile {
  readonly path: string;
  readonly bytes: Uint8Array;
  readonly size: string;
}

async function readMap([{ folder }, { file_name: name }]: Entry): Promise<MapFile> {
  const path = join(folder, name);
  const bytes = await readRegularFile(path, MAX_PNG_BYTES);
  const { width, height } = readPngHeader(bytes, path);
  return { path, bytes, size: `${width}x${height}` };
}

/** Segments tell how a gray map is meant: gray colors stand for ids of which only 0 is below 256. */
function decodeMap({ path, bytes }: MapFile, [, { segments_info: segments }]: Entry): IdMap {
  const values = segments.length > 0 && segments.every(({ id }) => id < 256);
  return decodePanopticPng(bytes, path, { gray: values ? 'value' : 'color' });
}
