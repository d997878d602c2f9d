import type { Dataset } from '../coco/types.ts';
import { CocoEvalError, describe, inFile } from '../errors.ts';
import { readJsonFile } from '../node/files.ts';
import type { GroupResult } from '../splits/evaluate-split.ts';
import { namedSplit, parseSplit } from '../splits/split.ts';
import type { CategorySplit } from '../splits/split.ts';
import { stem } from './files.ts';
import { nearest } from './suggest.ts';
import { table } from './table.ts';

const known = ['ov-coco', 'ov-lvis'];

/**
 * The split that `--split` names: a known one, or a JSON file of groups.
 *
 * @throws CocoEvalError `USAGE` when it is neither, `BAD_INPUT` when its categories are not in the annotation file
 */
export async function readSplit(value: string, dataset: Pick<Dataset, 'categories'>, annotationFile: string): Promise<CategorySplit> {
  const isKnown = value === 'ov-coco' || value === 'ov-lvis';
  try {
    if (isKnown) return namedSplit(value, dataset);
    return parseSplit(await readJsonFile(value), dataset, stem(value));
  } catch (error) {
    if (!(error instanceof CocoEvalError)) throw error;
    if (error.code !== 'INPUT_NOT_FOUND') throw error.message.includes(value) ? error : inFile(error, isKnown ? annotationFile : value);
    const near = nearest(value, known);
    throw new CocoEvalError(
      'USAGE',
      `Expected --split ov-coco, ov-lvis or a file but received ${describe(value)}${near === undefined ? '' : `; did you mean ${near}?`}`,
      {
        hint: 'A split file is JSON: {"base": ["person", 3], "novel": ["cat"]}.',
        cause: error,
      },
    );
  }
}

function points(value: number | null): string {
  return value === null ? '-' : (100 * value).toFixed(2);
}

/** A line for each group: means over its categories, in percent as F-ViT prints them. */
export function splitText(name: string, groups: readonly GroupResult[]): string {
  const rows = groups.map(({ group, ap50, ap, counted, categories }) => [group, points(ap50), points(ap), `${counted} of ${categories}`]);
  return table([{ title: `split ${name}`, left: true }, { title: 'AP50' }, { title: 'AP' }, { title: 'categories' }], rows);
}
