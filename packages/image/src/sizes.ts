/** Width and height in pixels. */
export interface Size {
  readonly width: number;
  readonly height: number;
}

/**
 * The size that torchvision's `Resize(size)` and Hugging Face's `shortest_edge` make: the shorter side becomes `size`, the longer one is cut to an integer.
 *
 * Formula: `int(size * long / short)`.
 * @example
 * ```ts
 * import { shortestEdgeSize } from '@vitamin-vlm/image';
 * const { width, height } = shortestEdgeSize({ width: 640, height: 427 }, 336); // 503 x 336
 * ```
 */
export function shortestEdgeSize({ width, height }: Size, size: number): Size {
  const long = Math.trunc((size * Math.max(width, height)) / Math.min(width, height));
  return width <= height ? { width: size, height: long } : { width: long, height: size };
}

/**
 * The size that detectron2's `ResizeShortestEdge(short, maxLong)` makes (FC-CLIP): the shorter side becomes `short`, unless the longer one would exceed
 * `maxLong`, which then rules. Each side is rounded by `int(x + 0.5)`, and is at least 1.
 *
 * @example
 * ```ts
 * import { detectron2Size } from '@vitamin-vlm/image';
 * const { width, height } = detectron2Size({ width: 640, height: 480 }, 1344, 1344); // 1344 x 1008
 * ```
 */
export function detectron2Size({ width, height }: Size, short: number, maxLong: number): Size {
  const scale = short / Math.min(width, height);
  let w = height < width ? scale * width : short;
  let h = height < width ? short : scale * height;
  const long = Math.max(w, h);
  if (long > maxLong) {
    w *= maxLong / long;
    h *= maxLong / long;
  }
  return { width: roundHalfUp(w), height: roundHalfUp(h) };
}

/**
 * The size that mmdetection's `Resize(scale, keep_ratio=True)` makes (F-ViT): as large as fits into `long` for the longer and `short` for the shorter side,
 * whichever binds. Each side is `int(x * scale + 0.5)`, and is at least 1.
 *
 * @example
 * ```ts
 * import { mmdetSize } from '@vitamin-vlm/image';
 * const { width, height } = mmdetSize({ width: 640, height: 427 }, 896, 896); // 896 x 598
 * ```
 */
export function mmdetSize({ width, height }: Size, long: number, short: number): Size {
  const scale = Math.min(long / Math.max(width, height), short / Math.min(width, height));
  return { width: roundHalfUp(width * scale), height: roundHalfUp(height * scale) };
}

/** A strip would shrink to nothing where the original programs fail; one pixel is kept instead. */
function roundHalfUp(side: number): number {
  return Math.max(1, Math.trunc(side + 0.5));
}
