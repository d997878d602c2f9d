import type { WarningLog } from '../coco/warnings.ts';
import { CocoEvalError, describe } from '../errors.ts';
import type { PanopticSegment } from '../panoptic/panoptic-image.ts';
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

function bad(expected: string, where: string, found: unknown, index: number): CocoEvalError {
  return new CocoEvalError('BAD_INPUT', `Expected ${expected} in ${where} but found ${describe(found)}`, { index });
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
  const byId = new Map<number, PanopticCategory>();
  listOf(side, 'categories').forEach((category, index) => {
    const { id, isthing } = category;
    const where = `categories[${index}] of ${side.name}`;
    if (!isNumber(id)) throw bad('a finite number for "id"', where, id, index);
    if (!isNumber(isthing) && typeof isthing !== 'boolean') throw bad('"isthing" 0 or 1', where, isthing, index);
    if (byId.has(id)) warnings.add('duplicate-categories-id', index, 'categories with an id that was there before; the last one is used');
    byId.set(id, category as unknown as PanopticCategory);
  });
  return [...byId.values()];
}

/** The annotations with their segments, checked. */
export function annotationsOf(side: Side): readonly PanopticAnnotation[] {
  return listOf(side, 'annotations').map((annotation, index) => {
    const { image_id: image, file_name: file, segments_info: segments } = annotation;
    const where = `annotations[${index}] of ${side.name}`;
    if (!isNumber(image) && typeof image !== 'string') throw bad('a number or text for "image_id"', where, image, index);
    if (typeof file !== 'string' || !staysInside(file)) throw bad('"file_name" inside the folder', where, file, index);
    if (!Array.isArray(segments)) throw bad('a list "segments_info"', where, segments, index);
    segments.forEach((segment, at) => checkSegment(segment, `segments_info[${at}] of ${where}`, index));
    return annotation as unknown as PanopticAnnotation;
  });
}

/** A name that leads out of the folder is an attack or a mistake, and one with control characters names no picture. */
function staysInside(file: string): boolean {
  return file !== '' && !file.split(/[\\/]/).includes('..') && !/^([\\/]|[A-Za-z]:)/.test(file) && !/\p{Cc}/u.test(file);
}

function checkSegment(segment: unknown, where: string, index: number): void {
  if (typeof segment !== 'object' || segment === null) throw bad('an object', where, segment, index);
  const { id, category_id: category, area, iscrowd } = segment as Record<string, unknown>;
  if (!Number.isInteger(id) || (id as number) < 0 || (id as number) >= 2 ** 24) throw bad('"id" from 0 to 16777215', where, id, index);
  if (!isNumber(category)) throw bad('a finite number for "category_id"', where, category, index);
  if (area !== undefined && !(isNumber(area) && area >= 0 && area <= 2 ** 53)) throw bad('"area" in pixels', where, area, index);
  if (iscrowd !== undefined && iscrowd !== null && typeof iscrowd !== 'boolean' && !isNumber(iscrowd))
    throw bad('"iscrowd" 0 or 1', where, iscrowd, index);
}
