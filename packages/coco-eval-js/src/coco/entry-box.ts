import { MaskReader, MaskRuns } from '../mask/runs.ts';
import type { GroundTruth } from './columns.ts';
import { readMask } from './mask-overlap.ts';
import { WarningLog } from './warnings.ts';

/** `[x, y, width, height]` of an annotation or a result: its box, or the one around its mask. */
export function entryBox(
  { bbox, segmentation }: Pick<GroundTruth, 'bbox' | 'segmentation'>,
  row: number,
  list: 'annotations' | 'results',
): number[] {
  const box = bbox === undefined ? [] : [...bbox.subarray(4 * row, 4 * row + 4)];
  if (box.length === 4 && box.every(Number.isFinite)) return box;
  const mask = new MaskRuns();
  readMask(new MaskReader(), segmentation!, row, bbox, mask, list, new WarningLog());
  return mask.area === 0 ? [0, 0, 0, 0] : [mask.left, mask.top, mask.right - mask.left, mask.bottom - mask.top];
}
