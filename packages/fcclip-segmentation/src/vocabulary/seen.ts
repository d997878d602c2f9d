import type { Label } from '@vitamin-vlm/backbone';

/**
 * Which labels were seen in training: those of which any name is, letter by letter, a name of any training class. All others are judged by CLIP more than by the
 * segmenter, so it pays to spell a label as the training did.
 *
 * @example
 * ```ts
 * import { parseLabels } from '@vitamin-vlm/backbone';
 * import { readClassList, seenLabels } from '@vitamin-vlm/fcclip-segmentation';
 * const { labels: trained } = await readClassList('coco-panoptic');
 * console.log(seenLabels(parseLabels(['tomcat', 'tomcat|cat']), trained)); // [ false, true ]
 * ```
 */
export function seenLabels(labels: readonly Label[], trained: readonly Label[]): boolean[] {
  const names = new Set(trained.flatMap(({ synonyms }) => synonyms));
  return labels.map(({ synonyms }) => synonyms.some((name) => names.has(name)));
}
