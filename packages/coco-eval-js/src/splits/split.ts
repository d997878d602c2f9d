import type { Id } from '../coco/id-keys.ts';
import type { Category, Dataset } from '../coco/types.ts';
import { CocoEvalError, describe } from '../errors.ts';
import { OV_COCO_BASE, OV_COCO_NOVEL } from './categories.data.ts';

/** Named groups of categories; a number for each group and for all of them is reported. */
export interface CategorySplit {
  readonly name: string;
  /** Group name to category ids. */
  readonly groups: Readonly<Record<string, readonly Id[]>>;
}

function idsOf(names: readonly string[], categories: readonly Category[], hint: string): Id[] {
  const byName = new Map(categories.map((category) => [category.name, category.id]));
  return names.map((name) => {
    const id = byName.get(name);
    if (id === undefined)
      throw new CocoEvalError('BAD_INPUT', `Expected a category named ${describe(name)} in the annotation file but found none`, { hint });
    return id;
  });
}

/**
 * OV-COCO, generalized setting: 48 base and 17 novel classes, 65 together.
 *
 * @throws CocoEvalError `BAD_INPUT` when a class is missing
 * @example
 * ```ts
 * import { ovCocoSplit, type Dataset } from 'coco-eval-js';
 * const countNovel = (dataset: Dataset): number => ovCocoSplit(dataset).groups['novel']!.length;
 * ```
 */
export function ovCocoSplit({ categories }: Pick<Dataset, 'categories'>): CategorySplit {
  const hint = 'OV-COCO needs the 65 COCO classes by their usual names.';
  return { name: 'ov-coco', groups: { base: idsOf(OV_COCO_BASE, categories, hint), novel: idsOf(OV_COCO_NOVEL, categories, hint) } };
}

/**
 * OV-LVIS: frequent and common classes are base, rare ones novel (866 and 337 in LVIS v1).
 *
 * @throws CocoEvalError `BAD_INPUT` when a category has no frequency
 * @example
 * ```ts
 * import { ovLvisSplit } from 'coco-eval-js';
 * console.log(ovLvisSplit({ categories: [{ id: 1, frequency: 'r' }, { id: 2, frequency: 'f' }] }).groups); // { base: [2], novel: [1] }
 * ```
 */
export function ovLvisSplit(dataset: Pick<Dataset, 'categories'>): CategorySplit {
  dataset.categories.forEach(({ frequency }, i) => {
    if (frequency === undefined || !['r', 'c', 'f'].includes(frequency)) {
      throw new CocoEvalError('BAD_INPUT', `Expected "frequency" r, c or f in categories[${i}] but received ${describe(frequency)}`, {
        index: i,
      });
    }
  });
  const ids = (rare: boolean): Id[] => dataset.categories.filter((c) => (c.frequency === 'r') === rare).map((c) => c.id);
  return { name: 'ov-lvis', groups: { base: ids(false), novel: ids(true) } };
}

/** Splits that are known by name. */
export type SplitName = 'ov-coco' | 'ov-lvis';

/** The known split of that name. @throws CocoEvalError as `ovCocoSplit` and `ovLvisSplit`, `USAGE` for another name */
export function namedSplit(name: SplitName, dataset: Pick<Dataset, 'categories'>): CategorySplit {
  if (name === 'ov-coco') return ovCocoSplit(dataset);
  if (name === 'ov-lvis') return ovLvisSplit(dataset);
  throw new CocoEvalError('USAGE', `Expected the split "ov-coco" or "ov-lvis" but received ${describe(name)}`);
}

/**
 * A split from parsed JSON: `{ "base": ["person", 3], "novel": ["cat"] }`, each entry a category name or id; groups may overlap.
 *
 * @throws CocoEvalError `BAD_INPUT` for unknown or repeated categories, empty or malformed groups, and a group named `all`, which the total is called
 * @example
 * ```ts
 * import { parseSplit } from 'coco-eval-js';
 * const split = parseSplit({ easy: ['cat'], hard: [2] }, { categories: [{ id: 1, name: 'cat' }, { id: 2, name: 'dog' }] });
 * console.log(split.groups); // { easy: [1], hard: [2] }
 * ```
 */
export function parseSplit(value: unknown, dataset: Pick<Dataset, 'categories'>, name = 'custom'): CategorySplit {
  const hint = 'A split is { "group": ["category name or id", ...], ... }.';
  if (typeof value !== 'object' || value === null || Array.isArray(value) || Object.keys(value).length === 0) {
    throw new CocoEvalError('BAD_INPUT', `Expected an object of category groups but received ${describe(value)}`, { hint });
  }
  const known = new Set(dataset.categories.map((category) => category.id));
  const groups = Object.entries(value as Record<string, unknown>).map(([group, list]): [string, Id[]] => {
    const fail = (expected: string, found: unknown): CocoEvalError =>
      new CocoEvalError('BAD_INPUT', `Expected ${expected} in group ${describe(group)} but received ${describe(found)}`, { hint });
    if (group === 'all') throw fail('another name than that of the total', group);
    if (!Array.isArray(list) || list.length === 0) throw fail('a list of categories', list);
    const ids = (list as unknown[]).map((entry) => {
      if ((typeof entry === 'number' || typeof entry === 'string') && known.has(entry)) return entry;
      if (typeof entry === 'string') return idsOf([entry], dataset.categories, hint)[0]!;
      throw fail('known category names or ids', entry);
    });
    const repeated = ids.findIndex((id, i) => ids.indexOf(id) !== i);
    if (repeated >= 0) throw fail('each category once', list[repeated]);
    return [group, ids];
  });
  return { name, groups: Object.fromEntries(groups) };
}
