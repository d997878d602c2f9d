import type { Annotation, ImageInfo, IouType, Result } from '../coco/types.ts';
import { CocoEvalError, describe } from '../errors.ts';
import { bboxToRle, segmentationToRle } from '../mask/from-shapes.ts';
import { bboxIou, maskIou } from '../mask/iou.ts';
import { maskToBbox } from '../mask/rle.ts';
import type { Rle } from '../mask/types.ts';

type Entry = Annotation | Result;

/** The shapes of one image, ready for an IoU matrix. */
export type Shapes =
  | { readonly kind: 'box'; readonly boxes: readonly (readonly number[])[] }
  | { readonly kind: 'mask'; readonly masks: readonly Rle[] };

/**
 * Shapes of entries whose classes may differ. Keypoints of different classes cannot be compared, so `keypoints` takes boxes.
 *
 * @param indexes - position of each entry in its list, for error messages
 * @throws CocoEvalError `BAD_INPUT` or `BAD_MASK` with the index of an entry without a usable shape
 */
export function shapesOf(entries: readonly Entry[], indexes: ArrayLike<number>, image: ImageInfo, iouType: IouType): Shapes {
  if (iouType === 'segm') return { kind: 'mask', masks: entries.map((entry, i) => maskOf(entry, image, indexes[i]!)) };
  return { kind: 'box', boxes: entries.map((entry, i) => boxOf(entry, image, indexes[i]!)) };
}

/** D x G, row-major; a crowd region divides by the detection's area. Both sides come from `shapesOf` with the same `iouType`. */
export function iouOf(detections: Shapes, groundTruths: Shapes, crowd: boolean): Float64Array {
  if (detections.kind === 'mask' && groundTruths.kind === 'mask') {
    return maskIou(
      detections.masks,
      groundTruths.masks,
      groundTruths.masks.map(() => crowd),
    );
  }
  if (detections.kind === 'box' && groundTruths.kind === 'box') {
    return bboxIou(
      detections.boxes,
      groundTruths.boxes,
      groundTruths.boxes.map(() => crowd),
    );
  }
  throw new CocoEvalError('USAGE', 'Expected shapes of one kind on both sides but received boxes and masks');
}

/** The entry's box, else the box around its mask or around its keypoints (as pycocotools' loadRes). */
export function boxOf(entry: Entry, image: ImageInfo, index: number): readonly number[] {
  const { bbox, keypoints } = entry;
  if (bbox && bbox.length > 0) {
    if (bbox.length !== 4 || !bbox.every(Number.isFinite)) {
      throw new CocoEvalError(
        'BAD_INPUT',
        `Expected a bbox of 4 finite numbers in entry ${index} but received ${describe(JSON.stringify(bbox))}`,
        { index },
      );
    }
    return bbox;
  }
  if (entry.segmentation) return maskToBbox(maskOf(entry, image, index));
  if (keypoints && keypoints.length > 0 && keypoints.every(Number.isFinite)) {
    const xs = keypoints.filter((_, i) => i % 3 === 0);
    const ys = keypoints.filter((_, i) => i % 3 === 1);
    const [x, y] = [Math.min(...xs), Math.min(...ys)];
    return [x, y, Math.max(...xs) - x, Math.max(...ys) - y];
  }
  throw new CocoEvalError('BAD_INPUT', `Expected a bbox or a segmentation in entry ${index} but found neither`, { index });
}

/** The entry's mask, else its box as a mask. Polygons and boxes need the image's size. */
function maskOf(entry: Entry, image: ImageInfo, index: number): Rle {
  const { segmentation, bbox } = entry;
  const { height, width } = image;
  if (!(segmentation && 'counts' in segmentation) && (height === undefined || width === undefined)) {
    throw new CocoEvalError('BAD_INPUT', `Expected height and width of image ${image.id} but found none`, {
      hint: 'Polygons need the size of their image.',
    });
  }
  try {
    if (segmentation) return segmentationToRle(segmentation, height ?? 0, width ?? 0);
    if (bbox) return bboxToRle(bbox, height ?? 0, width ?? 0);
  } catch (error) {
    if (!(error instanceof CocoEvalError)) throw error;
    throw new CocoEvalError(error.code, `${error.message} (entry ${index})`, { hint: error.hint, index, cause: error });
  }
  throw new CocoEvalError('BAD_INPUT', `Expected a segmentation in entry ${index} but found none`, { index });
}
