import { join } from 'node:path';
import type { Mode } from '../coco/types.ts';
import { CocoEvalError, describe, throwIfAborted } from '../errors.ts';
import { addPanopticImage } from '../panoptic/panoptic-image.ts';
import type { PanopticSegment, PanopticStats } from '../panoptic/panoptic-image.ts';
import { panopticQuality } from '../panoptic/panoptic-quality.ts';
import type { PanopticCategory, PanopticResult } from '../panoptic/panoptic-quality.ts';
import { readJsonFile } from './files.ts';
import { readWhole } from './read-file.ts';
import { decodePanopticPng } from './png.ts';
import type { IdMap } from './png.ts';

interface PanopticAnnotation {
  readonly image_id: number | string;
  readonly file_name: string;
  readonly segments_info: readonly PanopticSegment[];
}

/** One of the two files: its JSON and the folder of its PNG files. */
interface Side {
  readonly json: unknown;
  readonly folder: string;
  /** Names the file in errors. */
  readonly name: string;
}

/** What `evaluatePanopticFiles` may be told. */
export interface PanopticFilesOptions {
  /** PNG folder of the ground truth. Default: its JSON path without `.json` (panopticapi). */
  readonly gtFolder?: string | undefined;
  /** PNG folder of the predictions. Default: their JSON path without `.json`. */
  readonly dtFolder?: string | undefined;
  /** See `PanopticOptions`. */
  readonly mode?: Mode | undefined;
  readonly imgIds?: readonly (number | string)[] | undefined;
  readonly catIds?: readonly number[] | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Images done and in all. */
  readonly onProgress?: ((event: { readonly done: number; readonly total: number }) => void) | undefined;
}

/** Result and what it was computed from. */
export interface PanopticOutcome {
  readonly result: PanopticResult;
  readonly categories: readonly PanopticCategory[];
  readonly images: number;
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
  const all = categoriesOf(gt);
  const known = new Set(all.map(({ id }) => id));
  const categories = options.catIds ? all.filter(({ id }) => options.catIds!.includes(id)) : all;
  const chosen = options.imgIds && new Set(options.imgIds);
  const truths = annotationsOf(gt).filter(({ image_id: image }) => !chosen || chosen.has(image));
  const predictions = new Map(annotationsOf(dt).map((annotation) => [annotation.image_id, annotation]));
  const stats: PanopticStats = new Map();
  for (const [index, truth] of truths.entries()) {
    throwIfAborted(options.signal);
    const { image_id: imageId, segments_info: segments } = truth;
    const prediction = predictions.get(imageId);
    if (!prediction) {
      throw new CocoEvalError(
        'BAD_INPUT',
        `Expected a prediction for image ${imageId} (annotations[${index}] of ${gt.name}) in ${dt.name} but found none`,
        { index },
      );
    }
    const [truthMap, predictedMap] = [await readMap(gt, truth), await readMap(dt, prediction)];
    const size = `${truthMap.width}x${truthMap.height}`;
    const found = `${predictedMap.width}x${predictedMap.height}`;
    if (size !== found)
      throw new CocoEvalError('BAD_INPUT', `Expected a map of ${size} for image ${imageId} in ${dt.folder} but found ${found}`);
    addPanopticImage(
      stats,
      { ids: truthMap.ids, segments },
      { ids: predictedMap.ids, segments: prediction.segments_info },
      { imageId, categories: known, mode: options.mode ?? 'reference' },
    );
    options.onProgress?.({ done: index + 1, total: truths.length });
  }
  return { result: panopticQuality(stats, categories), categories, images: truths.length };
}

async function readSide(path: string, folder: string | undefined): Promise<Side> {
  return { json: await readJsonFile(path), folder: folder ?? path.replace(/\.gz$/i, '').replace(/\.json$/i, ''), name: path };
}

async function readMap({ folder }: Side, { file_name: name }: PanopticAnnotation): Promise<IdMap> {
  const path = join(folder, name);
  return decodePanopticPng(await readWhole(path), path);
}

function listOf({ json, name }: Side, key: string): readonly Record<string, unknown>[] {
  const list = (json as Record<string, unknown> | null)?.[key];
  if (!Array.isArray(list)) throw new CocoEvalError('BAD_INPUT', `Expected a list "${key}" in ${name} but found ${describe(list)}`);
  const wrong = list.findIndex((entry) => typeof entry !== 'object' || entry === null);
  if (wrong >= 0)
    throw new CocoEvalError('BAD_INPUT', `Expected objects in "${key}" of ${name} but entry ${wrong} is ${describe(list[wrong])}`, {
      index: wrong,
    });
  return list as readonly Record<string, unknown>[];
}

function categoriesOf(side: Side): readonly PanopticCategory[] {
  return listOf(side, 'categories').map((category, index) => {
    const { id, isthing } = category;
    if (typeof id === 'number' && (typeof isthing === 'number' || typeof isthing === 'boolean'))
      return category as unknown as PanopticCategory;
    throw new CocoEvalError(
      'BAD_INPUT',
      `Expected categories[${index}] of ${side.name} with "id" and "isthing" but found ${describe(isthing)}`,
      { index },
    );
  });
}

function annotationsOf(side: Side): readonly PanopticAnnotation[] {
  return listOf(side, 'annotations').map((annotation, index) => {
    const { image_id: image, file_name: file, segments_info: segments } = annotation;
    const where = `annotations[${index}] of ${side.name}`;
    if (typeof image !== 'number' && typeof image !== 'string') {
      throw new CocoEvalError('BAD_INPUT', `Expected "image_id" in ${where} but found ${describe(image)}`, { index });
    }
    // A name that leads out of the folder is an attack or a mistake.
    if (typeof file !== 'string' || file === '' || file.split(/[\\/]/).includes('..') || /^([\\/]|[A-Za-z]:)/.test(file)) {
      throw new CocoEvalError('BAD_INPUT', `Expected "file_name" inside the folder in ${where} but found ${describe(file)}`, { index });
    }
    if (!Array.isArray(segments))
      throw new CocoEvalError('BAD_INPUT', `Expected a list "segments_info" in ${where} but found ${describe(segments)}`, { index });
    segments.forEach((segment, at) => checkSegment(segment, `segments_info[${at}] in ${where}`, index));
    return annotation as unknown as PanopticAnnotation;
  });
}

function checkSegment(segment: unknown, where: string, index: number): void {
  const { id, category_id: category, area } = (segment ?? {}) as Record<string, unknown>;
  if (!Number.isInteger(id) || (id as number) < 0 || (id as number) >= 2 ** 24) {
    throw new CocoEvalError('BAD_INPUT', `Expected "id" from 0 to 16777215 of ${where} but found ${describe(id)}`, { index });
  }
  if (typeof category !== 'number')
    throw new CocoEvalError('BAD_INPUT', `Expected "category_id" of ${where} but found ${describe(category)}`, { index });
  if (area !== undefined && !(typeof area === 'number' && area >= 0 && area <= 2 ** 53)) {
    throw new CocoEvalError('BAD_INPUT', `Expected "area" of pixels of ${where} but found ${describe(area)}`, { index });
  }
}
