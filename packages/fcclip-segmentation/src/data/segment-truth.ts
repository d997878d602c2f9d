import { VitaminError } from '@vitamin-vlm/core';
import { decodePanopticPng, type IdMap } from 'coco-eval-js/node';
import { told } from './coco-errors.ts';
import { classTable, describeValues, FOREIGN, NO_TRUTH } from './label-values.ts';
import { readBytes, readLabelMap } from './read-label-map.ts';
import type { SegmentData, SegmentItem } from './segment-data.ts';

/** What is true of a picture. */
export interface SegmentTruth {
  readonly width: number;
  readonly height: number;
  /** The class of each pixel, row-major; 65535 where nothing is known. */
  readonly classes: Uint16Array;
}

const tables = new WeakMap<object, Uint16Array>();

/**
 * Reads the class of every pixel of a picture, from its label map or its panoptic map.
 *
 * @throws VitaminError `INPUT_NOT_FOUND` and `INPUT_UNREADABLE` for a map that cannot be read; `USAGE` for one whose numbers are not those of the data set: all maps
 *   were prepared in another way then.
 * @example
 * ```ts
 * import { findSegmentSet, openSegmentData, readSegmentTruth } from '@vitamin-vlm/fcclip-segmentation';
 * const data = await openSegmentData(await findSegmentSet('pascal_voc_d2', 'voc-21'));
 * const { width, height, classes } = await readSegmentTruth(data.items[0]!, data);
 * console.log(width, height, data.labels[classes[0]!]?.name);
 * ```
 */
export async function readSegmentTruth(item: SegmentItem, data: Pick<SegmentData, 'categories' | 'values'>): Promise<SegmentTruth> {
  const { semantic, panoptic } = item;
  if (semantic === undefined || !data.values) return await classesOfSegments(panoptic!, data.categories!);
  const { values } = data;
  const { width, height, data: numbers } = await readLabelMap(semantic);
  let table = tables.get(values);
  if (!table) tables.set(values, (table = classTable(values)));
  const classes = new Uint16Array(numbers.length);
  for (let i = 0; i < numbers.length; i++) {
    const index = table[numbers[i]!]!;
    if (index === FOREIGN) throw foreign(semantic, numbers[i]!, describeValues(values), values.classes.length);
    classes[i] = index;
  }
  return { width, height, classes };
}

/** The ids of segments in a panoptic map. Gray maps may hold them as values where all are small. @throws VitaminError `INPUT_NOT_FOUND`, `INPUT_UNREADABLE`. */
export async function readSegmentIds({ map, segments }: Pick<NonNullable<SegmentItem['panoptic']>, 'map' | 'segments'>): Promise<IdMap> {
  const bytes = await readBytes(map);
  const gray = segments.length > 0 && segments.every(({ id }) => id < 256) ? 'value' : 'color';
  return await told(() => decodePanopticPng(bytes, map, { gray }));
}

/** Pixels of a panoptic map as classes, crowds included: as the label maps of COCO are made for Detectron2. */
async function classesOfSegments(
  { map, segments }: NonNullable<SegmentItem['panoptic']>,
  categories: NonNullable<SegmentData['categories']>,
): Promise<SegmentTruth> {
  const { width, height, ids } = await readSegmentIds({ map, segments });
  const classOf = new Map(categories.map(({ id }, index) => [id, index]));
  const byId = new Map(segments.map(({ id, category_id: category }) => [id, classOf.get(category) ?? NO_TRUTH]));
  const classes = new Uint16Array(ids.length);
  for (let i = 0; i < ids.length; i++) {
    // Neighbors mostly belong together.
    classes[i] = i > 0 && ids[i] === ids[i - 1] ? classes[i - 1]! : (byId.get(ids[i]!) ?? NO_TRUTH);
  }
  return { width, height, classes };
}

function foreign(path: string, found: number, expected: string, count: number): VitaminError {
  const hint =
    found === count || found === 0
      ? 'The maps seem to count classes from 1, with 0 for none: they are as distributed, not as prepared. Subtract 1, and make 0 the number for none.'
      : found === 255 || found === 65_535
        ? 'The maps seem to be prepared already (from 0, with the largest number for none) but lie where the distributed ones are looked for.'
        : 'The folder holds maps of another data set, or colors instead of numbers.';
  return new VitaminError('USAGE', `Expected ${expected} in ${path} but found ${found}`, { hint });
}
