import type { WarningLog } from '../coco/warnings.ts';
import { CocoEvalError, describe } from '../errors.ts';
import type { PanopticCategoryId, PanopticSegment } from '../panoptic/panoptic-image.ts';
import type { PanopticCategory } from '../panoptic/panoptic-quality.ts';

/** One entry of `annotations` in a COCO panoptic file. */
export interface PanopticAnnotation {
  readonly image_id: number | string;
  readonly file_name: string;
  readonly segments_info: readonly PanopticSegment[];
}

/** One of the two files: its JSON and the folder of its PNG files. */
export interface Side {
  readonly json: unknown;
  readonly folder: string;
  /** Names the file in errors. */
  readonly name: string;
}

const NOT_PANOPTIC = 'It must be a COCO panoptic file; files of boxes and masks are compared without --panoptic.';

function bad(expected: string, where: string, found: unknown, index: number, hint?: string): CocoEvalError {
  const quoted = typeof found === 'string' && found.trim() !== '' && Number.isFinite(Number(found));
  const advice = hint ?? (quoted ? 'A number in quotes is text: write it without quotes.' : undefined);
  return new CocoEvalError('BAD_INPUT', `Expected ${expected} in ${where} but found ${describe(found)}`, { index, hint: advice });
}

function isId(value: unknown): value is PanopticCategoryId {
  return isNumber(value) || typeof value === 'string';
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}

function listOf({ json, name }: Side, key: string): readonly Record<string, unknown>[] {
  const list = (json as Record<string, unknown> | null)?.[key];
  if (!Array.isArray(list)) throw new CocoEvalError('BAD_INPUT', `Expected a list "${key}" in ${name} but found ${describe(list)}`);
  list.forEach((entry: unknown, index) => {
    if (typeof entry !== 'object' || entry === null || Array.isArray(entry))
      throw bad('an object', `${key}[${index}] of ${name}`, entry, index);
  });
  return list as readonly Record<string, unknown>[];
}

/** The categories, checked. Of several with one id the last counts, as in panopticapi's dictionary. */
export function categoriesOf(side: Side, warnings: WarningLog): readonly PanopticCategory[] {
  const byId = new Map<PanopticCategoryId, PanopticCategory>();
  listOf(side, 'categories').forEach((category, index) => {
    const { id, isthing } = category;
    const where = `categories[${index}] of ${side.name}`;
    if (!isId(id)) throw bad('a number or text for "id"', where, id, index);
    if (!isNumber(isthing) && typeof isthing !== 'boolean') throw bad('"isthing" 0 or 1', where, isthing, index, NOT_PANOPTIC);
    if (byId.has(id)) warnings.add('duplicate-categories-id', index, 'categories with an id that was there before; the last one is used');
    byId.set(id, category as unknown as PanopticCategory);
  });
  return [...byId.values()];
}

/** Sizes of the images, where the file tells them. */
export function sizesOf({ json }: Side): ReadonlyMap<unknown, string> {
  const { images } = json as { images?: unknown };
  if (!Array.isArray(images)) return new Map();
  const known = (images as Partial<Record<string, unknown>>[]).filter((image) => isNumber(image?.['width']) && isNumber(image['height']));
  return new Map(known.map((image) => [image['id'], `${image['width'] as number}x${image['height'] as number}`]));
}

/**
 * The annotations with their segments, checked.
 *
 * @param categories ids of the ground truth's categories
 */
export function annotationsOf(side: Side, categories: ReadonlySet<PanopticCategoryId>): readonly PanopticAnnotation[] {
  return listOf(side, 'annotations').map((annotation, index) => {
    const { image_id: image, file_name: file, segments_info: segments } = annotation;
    const where = `annotations[${index}] of ${side.name}`;
    if (!isId(image)) throw bad('a number or text for "image_id"', where, image, index);
    if (typeof file !== 'string' || !staysInside(file)) throw bad('"file_name" inside the folder', where, file, index);
    if (!Array.isArray(segments)) throw bad('a list "segments_info"', where, segments, index, NOT_PANOPTIC);
    segments.forEach((segment, at) => checkSegment(segment, `segments_info[${at}] of ${where}`, index, categories));
    return annotation as unknown as PanopticAnnotation;
  });
}

/** A name that leads out of the folder is an attack or a mistake, and one with control characters names no picture. */
function staysInside(file: string): boolean {
  return file !== '' && !file.split(/[\\/]/).includes('..') && !/^([\\/]|[A-Za-z]:)/.test(file) && !/\p{Cc}/u.test(file);
}

function checkSegment(segment: unknown, where: string, index: number, categories: ReadonlySet<PanopticCategoryId>): void {
  if (typeof segment !== 'object' || segment === null) throw bad('an object', where, segment, index);
  const { id, category_id: category, area, iscrowd } = segment as Record<string, unknown>;
  if (!Number.isInteger(id) || (id as number) < 0 || (id as number) >= 2 ** 24) throw bad('"id" from 0 to 16777215', where, id, index);
  checkCategory(category, where, index, categories);
  if (area !== undefined && area !== null && !(isNumber(area) && area >= 0 && area <= 2 ** 53))
    throw bad('"area" in pixels', where, area, index);
  if (iscrowd !== undefined && iscrowd !== null && typeof iscrowd !== 'boolean' && !isNumber(iscrowd))
    throw bad('"iscrowd" 0 or 1', where, iscrowd, index);
}

function checkCategory(category: unknown, where: string, index: number, categories: ReadonlySet<PanopticCategoryId>): void {
  if (!isId(category)) throw bad('a number or text for "category_id"', where, category, index);
  const twin = typeof category === 'string' ? Number(category) : String(category);
  if (!categories.has(category) && categories.has(twin))
    throw bad(`a ${typeof twin}, as in "categories", for "category_id"`, where, category, index);
}
