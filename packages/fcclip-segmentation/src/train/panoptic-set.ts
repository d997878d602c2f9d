import { join } from 'node:path';
import { VitaminError } from '@vitamin-vlm/core';
import { readPanoptic } from 'coco-eval-js/node';
import { told } from '../data/coco-errors.ts';
import { panopticClasses } from '../data/panoptic-classes.ts';
import type { ClassList, VocabularyName } from '../vocabulary/vocabularies.ts';

/** A picture of a training set. */
export interface PanopticTrainingImage {
  readonly file: string;
  /** The PNG file of its segments. */
  readonly map: string;
  readonly segments: readonly { readonly id: number; readonly class: number }[];
}

/** What there is to learn from. */
export interface PanopticTrainingSet extends ClassList {
  /** The category id of each class, in rising order. */
  readonly ids: readonly (number | string)[];
  readonly images: readonly PanopticTrainingImage[];
}

/** How a panoptic file is read. */
export interface PanopticSetOptions {
  /** Folder of the pictures. */
  readonly images: string;
  /** Folder of the PNG files. Default: the annotation file without `.json`. */
  readonly maps?: string | undefined;
  /** The list that names the classes, with synonyms, in the order of the ids. Default: the `synonyms` of each category in the file, else its name. */
  readonly vocabulary?: VocabularyName | undefined;
}

/**
 * Reads COCO's panoptic layout as FC-CLIP trains on it: classes in the order of the ids of categories; crowds are left out, and so are pictures without any segment.
 *
 * @throws VitaminError `USAGE` for a list of names with another number of classes and when nothing is left to learn from; `INPUT_NOT_FOUND` and `INPUT_UNREADABLE` for a file
 *   that cannot be read or is none of COCO's panoptic layout.
 * @example
 * ```ts
 * import { readPanopticSet } from '@vitamin-vlm/fcclip-segmentation';
 * const { images, labels } = await readPanopticSet('panoptic_train2017.json', { images: 'train2017', vocabulary: 'coco-panoptic' });
 * console.log(images.length, labels.length);
 * ```
 */
export async function readPanopticSet(
  annotations: string,
  { images: folder, maps, vocabulary }: PanopticSetOptions,
): Promise<PanopticTrainingSet> {
  const records = await told(() => readPanoptic(annotations));
  const { categories, ...list } = await panopticClasses(records.categories, vocabulary);
  const classOf = new Map(categories.map(({ id }, index) => [id, index]));
  const mapFolder = maps ?? annotations.replace(/\.json(?:\.gz)?$/u, '');
  const images = records.annotations.flatMap(({ image_id: image, file_name: map, segments_info: segments }): PanopticTrainingImage[] => {
    const learned = segments
      .filter(({ iscrowd }) => !iscrowd)
      .map(({ id, category_id: category }) => ({ id, class: classOf.get(category)! }));
    const name = records.pictures.get(image) ?? map.replace(/\.png$/u, '.jpg');
    return learned.length > 0 ? [{ file: join(folder, name), map: join(mapFolder, map), segments: learned }] : [];
  });
  if (images.length === 0) throw new VitaminError('USAGE', `Expected pictures with segments in ${annotations} but found none`);
  return { ...list, ids: categories.map(({ id }) => id), images };
}
