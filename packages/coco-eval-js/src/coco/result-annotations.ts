import { CocoEvalError, describe } from '../errors.ts';
import { segmentationToRle } from '../mask/from-shapes.ts';
import { maskArea, maskToBbox } from '../mask/rle.ts';
import { EntryReader } from './fields.ts';
import type { Annotation, Dataset, ImageInfo, Result } from './types.ts';

/** Results as annotations with the fields that pycocotools adds (coco.py, loadRes). The first entry decides where area and box come from. */
export function resultAnnotations(results: readonly Result[], dataset: Dataset): Annotation[] {
  if (!Array.isArray(results)) throw new CocoEvalError('BAD_INPUT', `Expected a list of results but received ${describe(results)}`);
  const images = new Map(dataset.images.map((image) => [image.id, image]));
  let fill: Filler | undefined;
  return (results as readonly unknown[]).map((value, i) => {
    const result = reader.object(i, value) as unknown as Result;
    const image = images.get(result.image_id);
    if (image === undefined) throw reader.fail(i, 'an image_id of the ground truth', result.image_id);
    fill ??= filler(result);
    const fields = fill(result, image);
    if (fields === undefined)
      throw reader.fail(i, 'fields as in results[0]', undefined, 'All entries of a results file must be of one type.');
    return { ...result, ...fields, id: i + 1 };
  });
}

const reader = new EntryReader('results');

type Filler = (result: Result, image: ImageInfo) => Partial<Annotation> | undefined;

function filler(first: Result): Filler {
  if (Array.isArray(first.bbox) && first.bbox.length > 0) return fillFromBox;
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
  if (!Array.isArray(keypoints)) return undefined;
  let [x0, x1, y0, y1] = [Infinity, -Infinity, Infinity, -Infinity];
  for (let i = 0; i + 2 < keypoints.length; i += 3) {
    const [x, y] = keypoints.slice(i, i + 2) as [number, number];
    [x0, x1, y0, y1] = [Math.min(x0, x), Math.max(x1, x), Math.min(y0, y), Math.max(y1, y)];
  }
  const [w, h] = [x1 - x0, y1 - y0];
  return { area: w * h, bbox: [x0, y0, w, h] };
};
