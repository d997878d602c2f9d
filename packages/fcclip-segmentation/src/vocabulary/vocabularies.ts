import { readFile } from 'node:fs/promises';
import { type Label, parseLabelsFile } from '@vitamin-vlm/backbone';
import { fileBeside } from '@vitamin-vlm/core';
import { thingIndices } from './things.data.ts';

/** Lists of class names that come with the package: those of the data sets that FC-CLIP is evaluated on. */
export type VocabularyName =
  | 'coco-panoptic'
  | 'coco-stuff'
  | 'ade20k-150'
  | 'ade20k-847'
  | 'cityscapes'
  | 'mapillary'
  | 'pcontext-59'
  | 'pcontext-459'
  | 'voc-20'
  | 'voc-21'
  | 'lvis';

/** Their names. */
export const vocabularyNames: readonly VocabularyName[] = [
  'coco-panoptic',
  'coco-stuff',
  'ade20k-150',
  'ade20k-847',
  'cityscapes',
  'mapillary',
  'pcontext-59',
  'pcontext-459',
  'voc-20',
  'voc-21',
  'lvis',
];

/** Class names with synonyms, in the order of the classes, and which of them can be counted. */
export interface ClassList {
  readonly labels: readonly Label[];
  /** For each label whether it is a thing (cat) or stuff (sky). Data sets that do not tell have things only. */
  readonly things: readonly boolean[];
}

/**
 * Reads a list that comes with the package. The number of a label is that of its line in the published file.
 *
 * @example
 * ```ts
 * import { readClassList } from '@vitamin-vlm/fcclip-segmentation';
 * const { labels, things } = await readClassList('coco-panoptic');
 * console.log(labels.length, labels[119]?.name, things[119]); // 133 'sky' false
 * ```
 */
export async function readClassList(name: VocabularyName): Promise<ClassList> {
  const file = name === 'voc-20' ? 'voc-21' : name;
  const all = parseLabelsFile(await readFile(fileBeside(`../../vocabularies/${file}.txt`, import.meta.url), 'utf8'));
  const labels = name === 'voc-20' ? all.slice(1) : all; // the first of the 21 is the background
  const things = thingIndices[name];
  return { labels, things: labels.map((_, i) => things?.has(i) ?? true) };
}
