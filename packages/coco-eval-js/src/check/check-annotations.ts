import { BoxHabits } from '../coco/box-habits.ts';
import { checkDataset } from '../coco/dataset.ts';
import type { Id } from '../coco/id-keys.ts';
import type { Dataset, ImageInfo } from '../coco/types.ts';
import { WarningLog } from '../coco/warnings.ts';
import { boxPairIou } from '../mask/iou.ts';
import { checkAnnotation } from './check-annotation.ts';
import { boxOf, type Finding, Findings } from './findings.ts';

/** Two boxes of one class that overlap by more are taken for one object, annotated twice. */
const TWICE = 0.95;
/** Beyond this many boxes of one class in an image twins are not looked for. */
const MANY_BOXES = 1000;

/** What a file holds, and what is wrong with it. */
export interface CheckResult {
  readonly findings: readonly Finding[];
  readonly counts: Readonly<Record<string, number>>;
}

type Entry = Readonly<Record<string, unknown>>;

/**
 * Looks for what is wrong with an annotation file, before anything is evaluated: all faults at once, where an evaluation stops at the first.
 *
 * @param value a parsed annotation file
 * @throws CocoEvalError `BAD_INPUT` when it is no annotation file
 * @example
 * ```ts
 * import { checkAnnotations } from 'coco-eval-js';
 * const image = { id: 1, width: 10, height: 10 };
 * const { findings } = checkAnnotations({ images: [image, image], annotations: [], categories: [] });
 * console.log(findings[0]?.code); // duplicate-images
 * ```
 */
export function checkAnnotations(value: unknown): CheckResult {
  const dataset = listsOf(value);
  const found = new Findings();
  const images = checkRecords('images', dataset.images, found);
  const categories = checkRecords('categories', dataset.categories, found);
  dataset.images.forEach((image, i) => checkImage(image, `images[${i}]`, found));
  checkNames('categories', 'name', dataset.categories, found);
  checkNames('images', 'file_name', dataset.images, found);
  checkRecords('annotations', dataset.annotations, found);
  const objects = new Map<Id, number>();
  dataset.annotations.forEach((annotation, i) => {
    if (!isObject(annotation)) return;
    const place = `annotations[${i}]`;
    const image = checkReference(annotation, 'image_id', images, place, found);
    const category = checkReference(annotation, 'category_id', categories, place, found);
    if (category !== undefined) objects.set(annotation['category_id'], (objects.get(annotation['category_id']) ?? 0) + 1);
    checkAnnotation(annotation, place, image as ImageInfo | undefined, found);
  });
  checkHabits('annotations', dataset.annotations, images, found);
  checkTwins(dataset.annotations, found);
  checkUse(dataset, objects, found);
  const empty = dataset.images.length - new Set(dataset.annotations.map((annotation) => (annotation as Entry | null)?.['image_id'])).size;
  return {
    findings: found.list(),
    counts: {
      images: dataset.images.length,
      imagesWithoutAnnotations: Math.max(0, empty),
      categories: dataset.categories.length,
      annotations: dataset.annotations.length,
    },
  };
}

function isObject(value: unknown): value is Entry {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The three lists, whatever is in them. */
function listsOf(value: unknown): Pick<Dataset, 'images' | 'annotations' | 'categories'> {
  // Throws for what is no annotation file at all; faults of entries are findings.
  const lists = isObject(value) ? { images: value['images'], annotations: value['annotations'], categories: value['categories'] } : value;
  const shallow = isObject(lists) && Object.values(lists).every(Array.isArray) ? { images: [], annotations: [], categories: [] } : lists;
  checkDataset(shallow);
  return lists as Dataset;
}

/** Entries must be objects, and have ids of their own. */
function checkRecords(list: 'images' | 'categories' | 'annotations', records: readonly unknown[], found: Findings): Map<Id, Entry> {
  const byId = new Map<Id, Entry>();
  records.forEach((record, i) => {
    const place = `${list}[${i}]`;
    if (!isObject(record)) {
      found.error(`bad-${list}`, place, `${list} that are no objects`);
      return;
    }
    const { id } = record;
    const fits = typeof id === 'string' || typeof id === 'bigint' || (typeof id === 'number' && Number.isFinite(id));
    if (!fits) found.error(`bad-id-${list}`, place, `${list} whose "id" is neither a number nor text`);
    else if (byId.has(id))
      found.error(`duplicate-${list}`, place, `${list} with an "id" that was there before: the last one stands for all`);
    else byId.set(id, record);
  });
  return byId;
}

function checkImage(image: unknown, place: string, found: Findings): void {
  if (!isObject(image)) return;
  const sides = [image['width'], image['height']];
  if (sides.some((side) => side === undefined || side === null))
    found.warning('missing-size', place, 'images without "width" or "height": polygons cannot be drawn');
  else if (!sides.every((side) => Number.isInteger(side) && (side as number) > 0))
    found.error('bad-size', place, 'images whose "width" or "height" is no whole number above 0');
}

function checkNames(list: 'images' | 'categories', field: 'name' | 'file_name', records: readonly unknown[], found: Findings): void {
  const seen = new Set<unknown>();
  records.forEach((record, i) => {
    if (!isObject(record)) return;
    const name = record[field];
    const place = `${list}[${i}]`;
    if (typeof name !== 'string' || name === '') found.warning(`missing-${field}`, place, `${list} without "${field}"`);
    else if (seen.has(name)) found.warning(`duplicate-${field}`, place, `${list} with a "${field}" that was there before`);
    seen.add(name);
  });
}

/** The image or category that an entry names. */
export function checkReference(
  entry: Entry,
  field: 'image_id' | 'category_id',
  known: ReadonlyMap<Id, Entry>,
  place: string,
  found: Findings,
  list: 'annotations' | 'results' = 'annotations',
): Entry | undefined {
  const id = entry[field] as Id;
  const record = known.get(id);
  if (record !== undefined) return record;
  const twin = typeof id === 'string' ? Number(id) : typeof id === 'number' ? String(id) : undefined;
  const what = field === 'image_id' ? 'image' : 'category';
  if (twin !== undefined && known.has(twin))
    found.error(
      `quoted-${field}-${list}`,
      place,
      `${list} whose "${field}" is a text where the ${what} has a number, or the other way round`,
    );
  else if (id === undefined) found.error(`missing-${field}-${list}`, place, `${list} without "${field}"`);
  else found.error(`unknown-${field}-${list}`, place, `${list} whose ${what} is not in the annotation file: they count nowhere`);
  return undefined;
}

/** Boxes in fractions, or as corners. */
export function checkHabits(
  list: 'annotations' | 'results',
  entries: readonly unknown[],
  images: ReadonlyMap<Id, Entry>,
  found: Findings,
): void {
  const habits = new BoxHabits(list);
  const log = new WarningLog();
  for (const entry of entries) {
    const box = isObject(entry) ? boxOf(entry['bbox']) : undefined;
    if (box) habits.add(Float64Array.from(box), 0, images.get((entry as Entry)['image_id'] as Id) ?? {});
  }
  habits.warn(log);
  for (const { code, message, count } of log.list()) found.error(code, `${list}[0]`, message, count);
}

/** Boxes of one class and image that are nearly the same. */
function checkTwins(annotations: readonly unknown[], found: Findings): void {
  const groups = new Map<string, { i: number; box: number[] }[]>();
  annotations.forEach((annotation, i) => {
    const box = isObject(annotation) ? boxOf(annotation['bbox']) : undefined;
    if (!box) return;
    const key = `${String((annotation as Entry)['image_id'])} ${String((annotation as Entry)['category_id'])}`;
    const group = groups.get(key);
    if (group) group.push({ i, box });
    else groups.set(key, [{ i, box }]);
  });
  for (const group of groups.values()) {
    if (group.length > MANY_BOXES) continue;
    group.forEach(({ i, box }, n) => {
      const twin = group.slice(0, n).some((other) => boxPairIou(box, 0, other.box, 0, false) > TWICE);
      if (twin)
        found.warning(
          'annotated-twice',
          `annotations[${i}]`,
          `annotations that lie on one of the same class (IoU above ${TWICE}): the object may be annotated twice`,
        );
    });
  }
}

function checkUse(
  { images, annotations, categories }: Pick<Dataset, 'images' | 'annotations' | 'categories'>,
  objects: ReadonlyMap<Id, number>,
  found: Findings,
): void {
  if (images.length === 0) found.error('no-images', 'images', 'no images at all');
  if (categories.length === 0) found.error('no-categories', 'categories', 'no categories at all');
  if (annotations.length === 0) found.error('no-annotations', 'annotations', 'no annotations at all: every number is -1');
  categories.forEach((category, i) => {
    const named = isObject(category) && !objects.has(category.id);
    if (named && annotations.length > 0)
      found.warning('unused-category', `categories[${i}]`, 'categories without an annotation: they enter no mean');
  });
}

/** The images and categories by id, for checking results against them. */
export function recordsOf(value: unknown): { images: Map<Id, Entry>; categories: Map<Id, Entry> } {
  const { images, categories } = listsOf(value);
  const none = new Findings();
  return { images: checkRecords('images', images, none), categories: checkRecords('categories', categories, none) };
}
