import type { ImageInfo } from '../coco/types.ts';
import { CocoEvalError } from '../errors.ts';
import { parseRleString } from '../mask/rle-string.ts';
import { uncompressedToRle } from '../mask/from-shapes.ts';
import { MAX_MASK_PIXELS } from '../mask/rle.ts';
import { boxOf, type Findings } from './findings.ts';

type Entry = Readonly<Record<string, unknown>>;

/** Boxes may end this far outside of their image: they are rounded to hundredths in many files. */
const SLACK = 1;

/** Checks what an annotation says of its object: box, area, mask, keypoints, flags. */
export function checkAnnotation(annotation: Entry, place: string, image: ImageInfo | undefined, found: Findings): void {
  const { bbox, segmentation, keypoints } = annotation;
  if ([bbox, segmentation, keypoints].every((value) => value === undefined || value === null)) {
    found.error('no-geometry', place, 'annotations without "bbox", "segmentation" and "keypoints": there is nothing to compare');
  }
  if (bbox !== undefined && bbox !== null) checkBox(bbox, place, image, found);
  checkArea(annotation, place, image, found);
  checkFlags(annotation, place, found);
  if (segmentation !== undefined && segmentation !== null) checkMask(segmentation, place, image, found);
  if (keypoints !== undefined && keypoints !== null) checkKeypoints(annotation, place, found);
}

function checkBox(bbox: unknown, place: string, image: ImageInfo | undefined, found: Findings): void {
  const box = boxOf(bbox);
  if (box === undefined) {
    found.error('bad-box', place, 'annotations whose "bbox" is not four finite numbers [x, y, width, height]');
    return;
  }
  const [x, y, w, h] = box;
  if (w <= 0 || h <= 0) found.warning('empty-box', place, 'annotations with a box of no width or height: nothing overlaps them');
  const { width, height } = image ?? {};
  if (typeof width !== 'number' || typeof height !== 'number') return;
  if (x < -SLACK || y < -SLACK || x + w > width + SLACK || y + h > height + SLACK)
    found.warning('box-outside', place, 'annotations whose box leaves its image');
}

function checkArea({ area, bbox }: Entry, place: string, image: ImageInfo | undefined, found: Findings): void {
  if (area === undefined || area === null) {
    found.warning('missing-area', place, 'annotations without "area": pycocotools stops, here it is taken from the box or the mask');
    return;
  }
  if (typeof area !== 'number' || !Number.isFinite(area)) {
    found.error('bad-area', place, 'annotations whose "area" is not a finite number');
    return;
  }
  if (area <= 0)
    found.warning('no-area', place, 'annotations with an "area" of 0 or less: LVIS and keypoints leave them out, for COCO they are small');
  const box = boxOf(bbox);
  // A mask of polygons may be a pixel wider than its box on every side.
  if (box !== undefined && area > (Math.abs(box[2]) + 2) * (Math.abs(box[3]) + 2))
    found.warning('area-beyond-box', place, 'annotations whose "area" is larger than their box: their size class may be wrong');
  const { width, height } = image ?? {};
  if (typeof width === 'number' && typeof height === 'number' && area > width * height)
    found.warning('area-beyond-image', place, 'annotations whose "area" is larger than their image');
}

function checkFlags({ id, iscrowd, ignore }: Entry, place: string, found: Findings): void {
  if (id === 0)
    found.warning('id-0', place, 'annotations with id 0: pycocotools never counts a match with them (cocoapi #332); --mode fixed does');
  if (iscrowd === undefined || iscrowd === null)
    found.warning('missing-iscrowd', place, 'annotations without "iscrowd": pycocotools stops, here it is 0');
  else if (![0, 1, true, false].includes(iscrowd as number))
    found.error('bad-iscrowd', place, 'annotations whose "iscrowd" is neither 0 nor 1');
  if (ignore !== undefined && ignore !== 0 && ignore !== false)
    found.warning('ignore', place, 'annotations with "ignore": COCO overlooks it (cocoapi #123) unless --mode fixed, LVIS does not');
}

function checkMask(segmentation: unknown, place: string, image: ImageInfo | undefined, found: Findings): void {
  if (Array.isArray(segmentation)) {
    checkPolygons(segmentation as readonly unknown[], place, image, found);
    return;
  }
  const { size, counts } = segmentation as { size?: unknown; counts?: unknown };
  const [height, width] = Array.isArray(size) ? (size as unknown[]) : [];
  if (
    ![height, width].every((side) => Number.isInteger(side) && (side as number) >= 0) ||
    (height as number) * (width as number) > MAX_MASK_PIXELS
  ) {
    found.error('bad-mask', place, 'annotations whose RLE has no usable "size" [height, width]');
    return;
  }
  if (image && (image.height !== height || image.width !== width))
    found.error('mask-size', place, 'annotations whose RLE has another size than their image: their IoU is -1');
  try {
    if (typeof counts === 'string') parseRleString(counts, height as number, width as number);
    else if (Array.isArray(counts)) uncompressedToRle(counts as number[], height as number, width as number);
    else found.error('bad-mask', place, 'annotations whose RLE has no usable "counts"');
  } catch (error) {
    if (!(error instanceof CocoEvalError)) throw error;
    found.error('bad-mask-counts', place, 'annotations whose RLE cannot be decoded');
  }
}

function checkPolygons(parts: readonly unknown[], place: string, image: ImageInfo | undefined, found: Findings): void {
  if (parts.length === 0)
    found.warning('empty-mask', place, 'annotations with "segmentation": []: as masks nothing overlaps them, compare boxes');
  const { width, height } = image ?? {};
  let outside = false;
  for (const part of parts) {
    if (!Array.isArray(part) || !part.every((value) => typeof value === 'number' && Number.isFinite(value))) {
      found.error('bad-polygon', place, 'annotations with a polygon that is no list of finite numbers [x1, y1, x2, y2, ...]');
      return;
    }
    const numbers = part as readonly number[];
    if (numbers.length < 6) found.warning('short-polygon', place, 'annotations with a polygon of fewer than 3 points: it is left out');
    if (numbers.length % 2 === 1)
      found.warning('odd-polygon', place, 'annotations with a polygon of an odd number of coordinates: the last is overlooked');
    if (typeof width !== 'number' || typeof height !== 'number') continue;
    outside ||= numbers.some((value, i) => value < -SLACK || value > (i % 2 === 0 ? width : height) + SLACK);
  }
  if (outside) found.warning('polygon-outside', place, 'annotations with a polygon that leaves its image: it is cut there');
  if (parts.length > 0 && image && (typeof width !== 'number' || typeof height !== 'number'))
    found.error('mask-without-size', place, 'annotations with polygons in an image without "width" and "height": they cannot be drawn');
}

function checkKeypoints({ keypoints, num_keypoints: stated }: Entry, place: string, found: Findings): void {
  if (!Array.isArray(keypoints) || keypoints.length % 3 !== 0) {
    found.error('bad-keypoints', place, 'annotations whose "keypoints" are no list of x, y and v of each point');
    return;
  }
  const values = keypoints as unknown[];
  if (!values.every((value, i) => (typeof value === 'number' && Number.isFinite(value)) || (i % 3 === 2 && typeof value === 'boolean'))) {
    found.error('bad-keypoints', place, 'annotations whose "keypoints" are no list of x, y and v of each point');
    return;
  }
  const flags = values.filter((_, i) => i % 3 === 2).map(Number);
  if (flags.some((flag) => ![0, 1, 2].includes(flag)))
    found.warning('keypoint-flags', place, 'annotations with a visibility that is not 0, 1 or 2');
  const labeled = flags.filter((flag) => flag > 0).length;
  if (stated === undefined || stated === null)
    found.warning('missing-num-keypoints', place, 'annotations without "num_keypoints": it is counted');
  else if (stated !== labeled)
    found.warning('num-keypoints', place, 'annotations whose "num_keypoints" is not the number of points with v > 0');
}
