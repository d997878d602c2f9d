import { VitaminError } from '@vitamin-vlm/core';
import { type CategorySplit, type Dataset, ovCocoSplit, ovLvisSplit, parseSplit } from 'coco-eval-js';
import { readJsonFile } from 'coco-eval-js/node';
import { basename } from 'node:path';
import { withCocoErrors } from './coco-errors.ts';

/**
 * The groups that a split names: `ov-coco`, `ov-lvis`, `none`, a JSON file, or groups that were read before.
 *
 * @throws VitaminError `USAGE` for another name, `INPUT_UNREADABLE` for groups of categories that the annotations do not have.
 */
export async function readSplit(
  wanted: string | CategorySplit,
  annotations: Pick<Dataset, 'categories'>,
): Promise<CategorySplit | undefined> {
  if (typeof wanted === 'object') return wanted;
  if (wanted === 'none') return undefined;
  if (wanted === 'ov-coco') return await withCocoErrors(async () => ovCocoSplit(annotations));
  if (wanted === 'ov-lvis') return await withCocoErrors(async () => ovLvisSplit(annotations));
  const groups = await withCocoErrors(() => readJsonFile(wanted)).catch((cause: unknown) => {
    if (!(cause instanceof VitaminError) || cause.code !== 'INPUT_NOT_FOUND') throw cause;
    throw new VitaminError('USAGE', `Expected the split ov-coco, ov-lvis, none or a file but received "${wanted}"`, {
      cause,
      hint: 'A split file is JSON: {"base": ["person", 3], "novel": ["cat"]}.',
    });
  });
  return await withCocoErrors(async () => parseSplit(groups, annotations, basename(wanted).replace(/\.json(?:\.gz)?$/iu, '')));
}
