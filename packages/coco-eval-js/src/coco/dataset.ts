import { CocoEvalError, describe } from '../errors.ts';
import { EntryReader } from './fields.ts';
import { type Id, IdKeys } from './id-keys.ts';
import type { Dataset, EvaluationContext, ImageInfo } from './types.ts';
import type { WarningLog } from './warnings.ts';

/**
 * Checks that a parsed JSON value is an annotation file: three lists of objects with ids (numbers or text).
 *
 * @throws CocoEvalError `BAD_INPUT` naming the entry
 * @example
 * ```ts
 * import { checkDataset } from 'coco-eval-js';
 * const dataset = checkDataset(JSON.parse('{"images": [], "annotations": [], "categories": []}'));
 * console.log(dataset.images.length); // 0
 * ```
 */
export function checkDataset(value: unknown): Dataset {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw notAnnotations(value);
  for (const name of ['images', 'annotations', 'categories'] as const) checkList(name, (value as Record<string, unknown>)[name]);
  return value as Dataset;
}

/** The error for a file that is something else. */
export function notAnnotations(found: unknown): CocoEvalError {
  return new CocoEvalError(
    'BAD_INPUT',
    `Expected an annotation file with "images", "annotations" and "categories" but received ${describe(found)}`,
    { hint: Array.isArray(found) ? 'A list looks like a results file: are the two files swapped?' : undefined },
  );
}

/** Checks one of the three lists: objects with ids. */
export function checkList(name: string, list: unknown): { readonly id: Id }[] {
  if (!Array.isArray(list)) throw notList(name, list);
  const reader = new EntryReader(name);
  for (let i = 0; i < list.length; i++) reader.id(i, 'id', reader.object(i, list[i])['id']);
  return list as { id: Id }[];
}

/** The error for one of the three lists that is no list. */
export function notList(name: string, found: unknown): CocoEvalError {
  return new CocoEvalError('BAD_INPUT', `Expected a list "${name}" in the annotation file but received ${describe(found)}`);
}

/** Images and categories with numbers for ids. The records of a usual file stay as they are. */
export function contextOf({ images, categories }: Pick<Dataset, 'images' | 'categories'>, keys: IdKeys = new IdKeys()): EvaluationContext {
  const listed = (image: ImageInfo): ImageInfo => {
    const lists = (['neg_category_ids', 'not_exhaustive_category_ids'] as const).filter((field) => Array.isArray(image[field]));
    return { ...image, ...Object.fromEntries(lists.map((field) => [field, image[field]!.map((id) => keys.key(id))])) };
  };
  const context = { images: keys.records(images), categories: keys.records(categories), keys };
  return keys.list().length === 0 ? context : { ...context, images: keys.records(context.images.map(listed)) };
}

/** Counts repeated ids of images and categories; the last one of each id is used. */
export function warnRepeatedIds(dataset: EvaluationContext, warnings: WarningLog): void {
  for (const name of ['images', 'categories'] as const) {
    const seen = new Set<number>();
    dataset[name].forEach(({ id }, i) => {
      if (seen.has(id)) warnings.add(`duplicate-${name}-id`, i, `${name} with an id that was there before; the last one is used`);
      seen.add(id);
    });
  }
}

/** Counts chosen ids that the annotation file does not have: the reference takes them for images or categories without objects. */
export function warnUnknownIds<T>(
  what: 'image' | 'category',
  chosen: readonly T[] | undefined,
  known: ReadonlySet<T>,
  warnings: WarningLog,
): void {
  chosen?.forEach((id, i) => {
    if (known.has(id)) return;
    warnings.add(`unknown-${what}-ids`, i, `chosen ${what} ids that are not in the annotation file: nothing is counted for them`);
  });
}
