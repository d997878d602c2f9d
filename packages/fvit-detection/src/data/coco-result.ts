import { type Result, toRleObject } from 'coco-eval-js';
import type { Detection } from '../detect/detections.ts';

/**
 * A detection as an entry of a COCO results file: box in pixels of the picture, mask as run lengths in COCO's string.
 *
 * @example
 * ```ts
 * import { cocoResult } from '@vitamin-vlm/fvit-detection';
 * console.log(cocoResult({ label: 'cat', class: 0, score: 0.9, box: [1, 2, 30, 40] }, { imageId: 139, categoryId: 17 }));
 * ```
 */
export function cocoResult(
  { box, score, mask }: Detection,
  ids: { readonly imageId: Result['image_id']; readonly categoryId: Result['category_id'] },
): Result {
  const result = { image_id: ids.imageId, category_id: ids.categoryId, bbox: [...box], score };
  return mask ? { ...result, segmentation: toRleObject({ size: mask.size, counts: mask.counts }) } : result;
}
