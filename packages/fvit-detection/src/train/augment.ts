import { crop, type Picture } from '@vitamin-vlm/image';
import type { Bitmap } from './mask-targets.ts';

/** A picture with what is true of it, in its own pixels. */
export interface TrueScene {
  readonly picture: Picture;
  /** Boxes [x1, y1, x2, y2]. */
  readonly boxes: Float32Array;
  /** The class of each. */
  readonly classes: Int32Array;
  /** The mask of each, as large as the picture. */
  readonly masks?: readonly Bitmap[] | undefined;
}

/** Smaller boxes are dropped after a crop, in pixels. */
const LEAST_SIDE = 0.01;

/**
 * A part of a scene of at most the given size, anywhere with equal chance (mmdetection's RandomCrop, `absolute_range`). Boxes are clipped, those outside dropped;
 * with masks a box becomes that of what is left of its mask.
 *
 * @param random - Uniform numbers from 0 to 1, 1 excluded.
 * @example
 * ```ts
 * import { flipped, randomCrop, type TrueScene } from '@vitamin-vlm/fvit-detection';
 * import { randomStream } from '@vitamin-vlm/training';
 * function changed(scene: TrueScene, index: number): TrueScene {
 *   const random = randomStream(1, index);
 *   const cut = randomCrop(scene, { width: 896, height: 896 }, random);
 *   return random() < 0.5 ? flipped(cut) : cut;
 * }
 * ```
 */
export function randomCrop(scene: TrueScene, size: { readonly width: number; readonly height: number }, random: () => number): TrueScene {
  const { picture } = scene;
  const [width, height] = [Math.min(size.width, picture.width), Math.min(size.height, picture.height)];
  const left = Math.floor(random() * (picture.width - width + 1));
  const top = Math.floor(random() * (picture.height - height + 1));
  if (width === picture.width && height === picture.height) return scene;
  const masks = scene.masks?.map((mask) => cropBitmap(mask, left, top, width, height));
  const boxes = scene.boxes.map((side, i) => (i % 2 === 0 ? limit(side - left, width) : limit(side - top, height)));
  if (masks) for (const [i, mask] of masks.entries()) boxes.set(boxOf(mask), 4 * i);
  const kept = [...scene.classes.keys()].filter((i) => {
    return boxes[4 * i + 2]! - boxes[4 * i]! > LEAST_SIDE && boxes[4 * i + 3]! - boxes[4 * i + 1]! > LEAST_SIDE;
  });
  return {
    picture: crop(picture, left, top, width, height),
    boxes: Float32Array.from(kept.flatMap((i) => [...boxes.subarray(4 * i, 4 * i + 4)])),
    classes: Int32Array.from(kept, (i) => scene.classes[i]!),
    ...(masks && { masks: kept.map((i) => masks[i]!) }),
  };
}

/**
 * A scene with left and right exchanged. Example: `randomCrop`.
 */
export function flipped({ picture, boxes, classes, masks }: TrueScene): TrueScene {
  const { width, height, data } = picture;
  const mirror = (source: Uint8Array, planes: number): Uint8Array => {
    const out = new Uint8Array(source.length);
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        for (let c = 0; c < planes; c++) out[(y * width + x) * planes + c] = source[(y * width + width - 1 - x) * planes + c]!;
      }
    }
    return out;
  };
  return {
    picture: { width, height, data: mirror(data, 3) },
    boxes: boxes.map((side, i) => (i % 2 === 0 ? width - boxes[i + (i % 4 === 0 ? 2 : -2)]! : side)),
    classes,
    ...(masks && { masks: masks.map((mask) => ({ ...mask, data: mirror(mask.data, 1) })) }),
  };
}

function cropBitmap({ width: stride, data }: Bitmap, left: number, top: number, width: number, height: number): Bitmap {
  const out = new Uint8Array(width * height);
  for (let y = 0; y < height; y++) out.set(data.subarray((top + y) * stride + left, (top + y) * stride + left + width), y * width);
  return { width, height, data: out };
}

/** Smallest box around the pixels of a mask; without extent where there are none. */
function boxOf({ width, height, data }: Bitmap): [number, number, number, number] {
  let [x1, y1, x2, y2] = [width, height, 0, 0];
  for (let i = 0; i < data.length; i++) {
    if (data[i] === 0) continue;
    const [x, y] = [i % width, Math.floor(i / width)];
    [x1, y1, x2, y2] = [Math.min(x1, x), Math.min(y1, y), Math.max(x2, x + 1), Math.max(y2, y + 1)];
  }
  return x2 > x1 ? [x1, y1, x2, y2] : [0, 0, 0, 0];
}

function limit(value: number, most: number): number {
  return Math.min(Math.max(value, 0), most);
}
