import { VitaminError } from '@vitamin-vlm/core';
import type { Annotation, Category, Dataset, ImageInfo } from 'coco-eval-js';
import { readDataset } from 'coco-eval-js/node';
import { withCocoErrors } from '../data/coco-errors.ts';
import { picturePath } from '../data/find-picture.ts';
import { readSplit } from '../data/read-split.ts';

/** Pictures with a shorter side are left out, in pixels. */
const LEAST_SIDE = 32;

/** A picture of a training set. */
export interface TrainingImage {
  readonly file: string;
  readonly width: number;
  readonly height: number;
  /** Its boxes of base classes. */
  readonly things: readonly TrainingThing[];
}

/** A box that is learned. */
export interface TrainingThing {
  /** x, y, width, height in pixels of the picture. */
  readonly box: readonly [number, number, number, number];
  readonly class: number;
  /** Where a mask is learned too. */
  readonly segmentation: Annotation['segmentation'];
}

/** What there is to learn from. */
export interface TrainingSet {
  /** Names, in the order of the ids of categories. */
  readonly classes: readonly string[];
  /** For each class whether its boxes are learned; those of the others are left out as if nobody had drawn them. */
  readonly base: readonly boolean[];
  /** Those that have at least one box to learn. */
  readonly images: readonly TrainingImage[];
}

/** How an annotation file is read. */
export interface TrainingSetOptions {
  /** Folder of the pictures. */
  readonly images: string;
  /** `ov-coco`, `ov-lvis`, or a JSON file with the groups `base` and `novel`. Default: all categories are base. */
  readonly split?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Reads an annotation file of COCO or LVIS as F-ViT trains on it: boxes of base classes alone; pictures without any, and tiny ones, are left out; so are crowds
 * and boxes smaller than a pixel.
 *
 * @throws VitaminError `USAGE` for a split without base categories, or when nothing is left to learn from; `INPUT_NOT_FOUND` and `INPUT_UNREADABLE` for
 *   files that cannot be read or are no annotations.
 * @example
 * ```ts
 * import { readTrainingSet } from '@vitamin-vlm/fvit-detection';
 * const { images, classes } = await readTrainingSet('instances_train2017.json', { images: 'train2017', split: 'ov-coco' });
 * console.log(images.length, classes.length);
 * ```
 */
export async function readTrainingSet(annotations: string, { images: folder, split, signal }: TrainingSetOptions): Promise<TrainingSet> {
  const dataset = await withCocoErrors(() => readDataset(annotations, { signal }));
  const { base, categories } = await categoriesOf(dataset, split);
  const classOf = new Map(categories.map(({ id }, index) => [id, index]));
  const things = new Map<ImageInfo['id'], TrainingThing[]>();
  for (const { image_id: image, category_id: category, bbox, iscrowd, segmentation } of dataset.annotations) {
    if (!bbox || iscrowd || !base.has(category)) continue;
    const [x = 0, y = 0, width = 0, height = 0] = bbox;
    if (!(width >= 1 && height >= 1)) continue;
    const own = things.get(image) ?? [];
    things.set(image, own);
    own.push({ box: [x, y, width, height], class: classOf.get(category)!, segmentation });
  }
  const images = dataset.images.flatMap((image): TrainingImage[] => {
    const { id, width = 0, height = 0 } = image;
    const own = things.get(id);
    return own && Math.min(width, height) >= LEAST_SIDE ? [{ file: picturePath(folder, image), width, height, things: own }] : [];
  });
  if (images.length === 0) {
    throw new VitaminError('USAGE', `Expected boxes of base categories in ${annotations} but found none`, {
      hint: 'Check that the split belongs to these annotations.',
    });
  }
  return {
    classes: categories.map(({ id, name }) => name ?? `class ${id}`),
    base: categories.map(({ id }) => base.has(id)),
    images,
  };
}

/** The categories that become classes, in the order of their ids, and the ids of those that are learned. */
async function categoriesOf(
  dataset: Dataset,
  split: string | undefined,
): Promise<{ base: ReadonlySet<Category['id']>; categories: readonly Category[] }> {
  const inOrder = dataset.categories.toSorted((a, b) => Number(a.id) - Number(b.id));
  if (split === undefined) return { base: new Set(inOrder.map(({ id }) => id)), categories: inOrder };
  const groups = (await readSplit(split, dataset))?.groups ?? {};
  if (!groups['base']) throw new VitaminError('USAGE', `Expected a group "base" in the split ${split} but found none`);
  const used = new Set(Object.values(groups).flat());
  return { base: new Set(groups['base']), categories: inOrder.filter(({ id }) => used.has(id)) };
}
