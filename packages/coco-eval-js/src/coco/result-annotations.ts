import { CocoEvalError, describe } from '../errors.ts';
import { segmentationToRle } from '../mask/from-shapes.ts';
import { maskArea, maskToBbox } from '../mask/rle.ts';
import type { Annotation, Dataset, ImageInfo, Result } from './types.ts';

/** Results as annotations with the fields that pycocotools adds (coco.py, loadRes). The first entry decides where area and box come from. */
export function resultAnnotations(results: readonly Result[], dataset: Dataset): Annotation[] {
  if (!Array.isArray(results)) throw new CocoEvalError('BAD_INPUT', `Expected a list of results but received ${describe(results)}`);
  const images = new Map(dataset.images.map((image) => [image.id, image]));
  const first = results[0] as Result | undefined;
  const fill = first === undefined ? undefined : filler(first);
  return (results as readonly Result[]).map((result, i) => {
    const image = images.get(result?.image_id);
    if (image === undefined) {
      throw new CocoEvalError(
        'BAD_INPUT',
        `Expected results for images of the ground truth but results[${i}] has image_id ${describe(result?.image_id)}`,
        { index: i },
      );
    }
    const fields = fill?.(result, image);
    if (fields === undefined) throw new CocoEvalError('BAD_INPUT', `Expected results[${i}] to be of the type of results[0]`, { index: i });
    return { ...result, ...fields, id: i + 1 };
  });
}

type Filler = (result: Result, image: ImageInfo) => Partial<Annotation> | undefined;

function filler(first: Result): Filler {
  if (first.bbox !== undefined && first.bbox.length > 0) return fillFromBox;
  if (first.segmentation !== undefined) return fillFromMask;
  return fillFromKeypoints;
}

const fillFromBox: Filler = ({ bbox, segmentation }) => {
  if (!Array.isArray(bbox)) return undefined;
  const [x, y, w, h] = bbox as [number, number, number, number];
  const corners = [x, y, x, y + h, x + w, y + h, x + w, y];
  return { segmentation: segmentation ?? [corners], area: w * h, iscrowd: 0 };
};

const fillFromMask: Filler = ({ bbox, segmentation }, image) => {
  if (segmentation === undefined) return undefined;
  const rle = segmentationToRle(segmentation, image.height ?? NaN, image.width ?? NaN);
  return { area: maskArea(rle), bbox: bbox ?? maskToBbox(rle), iscrowd: 0 };
};

const fillFromKeypoints: Filler = ({ keypoints }) => {
  if (keypoints === undefined) return undefined;
  const xs = keypoints.filter((_, i) => i % 3 === 0);
  const ys = keypoints.filter((_, i) => i % 3 === 1);
  const [x0, y0] = [Math.min(...xs), Math.min(...ys)];
  const [w, h] = [Math.max(...xs) - x0, Math.max(...ys) - y0];
  return { area: w * h, bbox: [x0, y0, w, h] };
};
