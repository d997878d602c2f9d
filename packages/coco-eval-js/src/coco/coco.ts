import { CocoEvalError } from '../errors.ts';
import { segmentationToRle } from '../mask/from-shapes.ts';
import { decodeMask } from '../mask/rle.ts';
import type { Rle } from '../mask/types.ts';
import { checkDataset } from './dataset.ts';
import { type Id, showId } from './id-keys.ts';
import { resultAnnotations } from './result-annotations.ts';
import type { Annotation, Category, Dataset, ImageInfo, Result } from './types.ts';

/** One id or a list of them. */
export type Ids = Id | readonly Id[];

/** Filters of `COCO.getAnnIds`; an empty list filters nothing. */
export interface AnnotationFilter {
  readonly imgIds?: Ids;
  readonly catIds?: Ids;
  /** Both ends exclusive, as in pycocotools. */
  readonly areaRng?: readonly [number, number];
  readonly iscrowd?: boolean;
}

function list<T>(value: T | readonly T[] | undefined): readonly T[] {
  if (value === undefined) return [];
  return Array.isArray(value) ? (value as readonly T[]) : [value as T];
}

/**
 * The data set class of pycocotools (coco.py), with its method names. Takes parsed JSON; reading files is the business of `coco-eval-js/node`.
 *
 * @example
 * ```ts
 * import { COCO, COCOeval, type Dataset, type Result } from 'coco-eval-js';
 * function run(dataset: Dataset, results: Result[]): readonly number[] {
 *   const cocoGt = new COCO(dataset);
 *   const cocoDt = cocoGt.loadRes(results);
 *   const cocoEval = new COCOeval(cocoGt, cocoDt, 'bbox');
 *   cocoEval.evaluate();
 *   cocoEval.accumulate();
 *   console.log(cocoEval.summarize());
 *   return cocoEval.stats;
 * }
 * ```
 */
export class COCO {
  readonly dataset: Dataset;
  readonly imgs: ReadonlyMap<Id, ImageInfo>;
  readonly cats: ReadonlyMap<Id, Category>;
  /** The raw results when this was made by `loadRes`. */
  readonly results: readonly Result[] | undefined;
  #anns: Map<Id, Annotation> | undefined;
  #imgToAnns: Map<Id, Annotation[]> | undefined;
  #catToImgs: Map<Id, Id[]> | undefined;

  /** @throws CocoEvalError `BAD_INPUT` when the value is not an annotation file */
  constructor(dataset: Dataset = { images: [], annotations: [], categories: [] }, results?: readonly Result[]) {
    this.dataset = checkDataset(dataset);
    this.results = results;
    this.imgs = new Map(dataset.images.map((image) => [image.id, image]));
    this.cats = new Map(dataset.categories.map((category) => [category.id, category]));
  }

  /** Annotations by id; of several with one id the last. */
  get anns(): ReadonlyMap<Id, Annotation> {
    this.#anns ??= new Map(this.dataset.annotations.map((annotation) => [annotation.id, annotation]));
    return this.#anns;
  }

  /** Annotations of each image, in file order. */
  get imgToAnns(): ReadonlyMap<Id, readonly Annotation[]> {
    this.#imgToAnns ??= collect(this.dataset.annotations, (annotation) => [annotation.image_id, annotation]);
    return this.#imgToAnns;
  }

  /** Image ids of each category's annotations. */
  get catToImgs(): ReadonlyMap<Id, readonly Id[]> {
    this.#catToImgs ??= collect(this.dataset.annotations, (annotation) => [annotation.category_id, annotation.image_id]);
    return this.#catToImgs;
  }

  /** Ids of the annotations that pass all filters: by image in the given order, then in file order. */
  getAnnIds(filter: AnnotationFilter = {}): Id[] {
    const images = list(filter.imgIds);
    const categories = new Set(list(filter.catIds));
    const area = filter.areaRng;
    const candidates = images.length === 0 ? this.dataset.annotations : images.flatMap((id) => this.imgToAnns.get(id) ?? []);
    return candidates
      .filter((a) => categories.size === 0 || categories.has(a.category_id))
      .filter((a) => area === undefined || ((a.area ?? NaN) > area[0] && (a.area ?? NaN) < area[1]))
      .filter((a) => filter.iscrowd === undefined || Boolean(a.iscrowd) === filter.iscrowd)
      .map((a) => a.id);
  }

  /** Ids of the categories that pass all filters, in file order. */
  getCatIds(
    filter: { readonly catNms?: string | readonly string[]; readonly supNms?: string | readonly string[]; readonly catIds?: Ids } = {},
  ): Id[] {
    const names = list(filter.catNms);
    const supers = list(filter.supNms);
    const ids = list(filter.catIds);
    return this.dataset.categories
      .filter((c) => names.length === 0 || names.includes(c.name ?? ''))
      .filter((c) => supers.length === 0 || supers.includes(c.supercategory ?? ''))
      .filter((c) => ids.length === 0 || ids.includes(c.id))
      .map((c) => c.id);
  }

  /** Ids of the images that hold all the given categories. */
  getImgIds(filter: { readonly imgIds?: Ids; readonly catIds?: Ids } = {}): Id[] {
    let ids = [...(filter.imgIds === undefined || list(filter.imgIds).length === 0 ? this.imgs.keys() : list(filter.imgIds))];
    for (const category of list(filter.catIds)) {
      const images = new Set(this.catToImgs.get(category));
      ids = ids.filter((id) => images.has(id));
    }
    return ids;
  }

  /** @throws CocoEvalError `USAGE` for an unknown id */
  loadAnns(ids: Ids): Annotation[] {
    return load(this.anns, list(ids), 'annotation');
  }

  /** @throws CocoEvalError `USAGE` for an unknown id */
  loadCats(ids: Ids): Category[] {
    return load(this.cats, list(ids), 'category');
  }

  /** @throws CocoEvalError `USAGE` for an unknown id */
  loadImgs(ids: Ids): ImageInfo[] {
    return load(this.imgs, list(ids), 'image');
  }

  /**
   * Results as a data set of their own: ids 1 to n, `area`, `bbox` and `iscrowd` filled in as pycocotools does. The given entries are not changed.
   *
   * @throws CocoEvalError `BAD_INPUT` naming the faulty entry
   */
  loadRes(results: readonly Result[]): COCO {
    const { images, categories } = this.dataset;
    return new COCO(
      { info: this.dataset['info'] ?? {}, images, categories, annotations: resultAnnotations(results, this.dataset) },
      results,
    );
  }

  /** The mask of an annotation: polygons take the image's size, an RLE its own. */
  annToRLE(annotation: Pick<Annotation, 'image_id' | 'segmentation'>): Rle {
    const image = load(this.imgs, [annotation.image_id], 'image')[0];
    if (annotation.segmentation === undefined)
      throw new CocoEvalError('USAGE', 'Expected an annotation with a segmentation but received one without');
    return segmentationToRle(annotation.segmentation, image?.height ?? NaN, image?.width ?? NaN);
  }

  /** The mask of an annotation, one byte a pixel, row by row. */
  annToMask(annotation: Pick<Annotation, 'image_id' | 'segmentation'>): Uint8Array {
    return decodeMask(this.annToRLE(annotation));
  }
}

function collect<T>(annotations: readonly Annotation[], entry: (annotation: Annotation) => [Id, T]): Map<Id, T[]> {
  const map = new Map<Id, T[]>();
  for (const annotation of annotations) {
    const [key, value] = entry(annotation);
    const found = map.get(key);
    if (found === undefined) map.set(key, [value]);
    else found.push(value);
  }
  return map;
}

function load<T>(map: ReadonlyMap<Id, T>, ids: readonly Id[], what: string): T[] {
  return ids.map((id) => {
    const found = map.get(id);
    if (found === undefined) throw new CocoEvalError('USAGE', `Expected the id of an ${what} but received ${showId(id)}`);
    return found;
  });
}
