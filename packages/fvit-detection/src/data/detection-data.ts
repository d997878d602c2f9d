import { type CategorySplit, ovCocoSplit, splitSelection } from 'coco-eval-js';
import { type AnnotationColumns, readAnnotations } from 'coco-eval-js/node';
import { withCocoErrors } from './coco-errors.ts';
import { readSplit } from './read-split.ts';

/** A COCO- or LVIS-style data set: what is to be looked at, for what, and what is true. */
export interface DetectionData {
  /** Everything in the annotation file, in columns. By the rules of LVIS where the file has its lists of absent categories. */
  readonly annotations: AnnotationColumns;
  readonly isLvis: boolean;
  /** The groups of categories that are told apart. */
  readonly split: CategorySplit | undefined;
  /** The images that count, in the order of the file. Ids that are no exact numbers stand here as `annotations.keys` has them. */
  readonly images: AnnotationColumns['images'];
  /** The categories that count, in the order of the file. */
  readonly categories: AnnotationColumns['categories'];
}

/** How a data set is read. */
export interface DetectionDataOptions {
  /**
   * `ov-coco`, `ov-lvis`, `none`, a JSON file of groups, `{"base": ["person", 3], "novel": ["cat"]}`, or the groups. Default: `ov-coco` for a file of exactly its 65 classes,
   * `ov-lvis` for one of LVIS, otherwise none.
   */
  readonly split?: string | CategorySplit | undefined;
  /** What is compared: boxes (default) or masks. */
  readonly iouType?: 'bbox' | 'segm' | undefined;
  /** The same for files of LVIS. Default: `iouType`. */
  readonly lvisIouType?: 'bbox' | 'segm' | undefined;
  /** Only the first images. Default: all. */
  readonly limit?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** OV-COCO has 48 base and 17 novel classes. */
const OV_COCO_CLASSES = 65;

/**
 * Reads an annotation file (also .json.gz). With a split its categories count, and the images with one of them, as the files of OV-COCO were made; LVIS keeps all its images.
 *
 * @throws VitaminError `INPUT_NOT_FOUND`, `INPUT_UNREADABLE` naming the faulty entry, `USAGE` for a split that is none.
 * @example
 * ```ts
 * import { openDetectionData } from '@vitamin-vlm/fvit-detection';
 * const { images, categories, split } = await openDetectionData('instances_val2017.json', { split: 'ov-coco' });
 * console.log(images.length, categories.length, split?.groups['novel']); // 4836, 65, the ids of 17 categories
 * ```
 */
export async function openDetectionData(path: string, options: DetectionDataOptions = {}): Promise<DetectionData> {
  const { split: wanted, iouType = 'bbox', lvisIouType = iouType, limit, signal } = options;
  return await withCocoErrors(async () => {
    let annotations = await readAnnotations(path, { iouType, signal });
    const isLvis = nameOf(wanted) === 'ov-lvis' || annotations.images.some(({ neg_category_ids: absent }) => Array.isArray(absent));
    if (isLvis) annotations = await readAnnotations(path, { iouType: lvisIouType, lvis: true, signal });
    const split = await readSplit(wanted ?? defaultSplit(annotations, isLvis), annotations);
    const { images, categories } = chosen(annotations, split, isLvis);
    return { annotations, isLvis, split, images: images.slice(0, limit), categories };
  });
}

function chosen(
  annotations: AnnotationColumns,
  split: CategorySplit | undefined,
  isLvis: boolean,
): Pick<DetectionData, 'images' | 'categories'> {
  const { images, categories } = annotations;
  if (!split) return { images, categories };
  const selection = splitSelection(annotations, split);
  const [catIds, imgIds] = [new Set(selection.catIds), new Set(selection.imgIds)]; // of the columns' keys
  return {
    images: isLvis ? images : images.filter(({ id }) => imgIds.has(id)),
    categories: categories.filter(({ id }) => catIds.has(id)),
  };
}

function defaultSplit(annotations: AnnotationColumns, isLvis: boolean): string {
  if (isLvis && annotations.categories.every(({ frequency }) => typeof frequency === 'string')) return 'ov-lvis';
  if (annotations.categories.length !== OV_COCO_CLASSES) return 'none';
  try {
    ovCocoSplit(annotations);
    return 'ov-coco';
  } catch {
    return 'none'; // 65 other classes
  }
}

function nameOf(split: DetectionDataOptions['split']): string | undefined {
  return typeof split === 'object' ? split.name : split;
}
