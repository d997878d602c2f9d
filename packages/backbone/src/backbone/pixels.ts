import { type Tensor, throwIfAborted, VitaminError } from '@vitamin-vlm/core';
import { clipCrop, crop, type Normalization, type Picture, resizeAsync, shortestEdgeSize, type Size, toTensor } from '@vitamin-vlm/image';
import type { ImageGeometry } from '../tasks/image-geometry.ts';
import type { Preprocessing } from '../load/preprocessing.ts';
import type { ImageTower } from '../towers/image-tower.ts';
import type { WindowPosition } from '../window/grid.ts';

/** Pixels of an input that is encoded in windows. Larger ones are strips, or scales, that nobody means. */
const MAX_INPUT_PIXELS = 2 ** 28;
/** Its longest side: what the resize makes at most. */
const MAX_INPUT_SIDE = 65_535;

/**
 * What a tower sees of a picture in one look: open_clip's evaluation transform, without holding the event loop.
 *
 * @returns [3, size, size]
 * @throws VitaminError as `resizeAsync`, `ABORTED`.
 * @example
 * ```ts
 * import { openModel, squareInput } from '@vitamin-vlm/backbone';
 * import { decodeImage } from '@vitamin-vlm/image';
 * const { tower } = await openModel('vitamin-large-336');
 * const pixels = await squareInput(await decodeImage('street.jpg'), tower.imageSize, tower);
 * console.log(pixels.shape); // [ 3, 336, 336 ]
 * ```
 */
export async function squareInput(
  picture: Picture,
  size: number,
  preprocessing: Preprocessing,
  signal?: AbortSignal,
): Promise<Tensor<'float32'>> {
  const { normalization, resize, edge } = preprocessing;
  if (edge === 'both') return toTensor(await scaleTo(picture, { width: size, height: size }, resize, signal), { normalization });
  return toTensor(await clipCrop(picture, size, { filter: resize, signal }), { normalization });
}

/** What a picture is scaled to before the middle is cut out. */
function squareSize(picture: Size, size: number, { edge }: Pick<Preprocessing, 'edge'>): Size {
  return edge === 'both' ? { width: size, height: size } : shortestEdgeSize(picture, size);
}

/** Where a picture lies in its `squareInput`: unless it is stretched, it sticks out at both ends of its longer side. */
export function squareGeometry(picture: Size, size: number, preprocessing: Pick<Preprocessing, 'edge'>): ImageGeometry {
  const { width, height } = squareSize(picture, size, preprocessing);
  const region = { left: (size - width) / 2, top: (size - height) / 2, width, height };
  return { width: picture.width, height: picture.height, inputWidth: size, inputHeight: size, region };
}

/** A picture laid out for windows: scaled, and a canvas around it that the windows cover. */
export interface LaidOut {
  readonly scaled: Picture;
  readonly geometry: ImageGeometry;
}

/**
 * Scales a picture so that its shortest edge has `size` pixels, and puts it in the top left corner of a canvas whose sides are
 * multiples of the tower's stride and at least a window long.
 */
export async function layOut(
  picture: Picture,
  { size, window, tower }: { readonly size: number; readonly window: number; readonly tower: Pick<ImageTower, 'stride' | 'resize'> },
  signal: AbortSignal | undefined,
): Promise<LaidOut> {
  const { width, height } = shortestEdgeSize(picture, size);
  if (Math.max(width, height) > MAX_INPUT_SIDE) {
    throw new VitaminError(
      'INPUT_UNREADABLE',
      `Expected a picture that windows can cover but one of ${picture.width} x ${picture.height} becomes ${width} x ${height}`,
      { hint: 'It is too long for its width: cut it into pieces, or ask for a smaller size.' },
    );
  }
  const side = (pixels: number): number => Math.max(Math.ceil(pixels / tower.stride) * tower.stride, window);
  if (side(width) * side(height) > MAX_INPUT_PIXELS) {
    throw new VitaminError(
      'USAGE',
      `Expected an input of at most ${MAX_INPUT_PIXELS} pixels but ${side(width)} x ${side(height)} has more`,
      {
        hint: 'Ask for a smaller size, or cut the picture.',
      },
    );
  }
  const geometry = {
    width: picture.width,
    height: picture.height,
    inputWidth: side(width),
    inputHeight: side(height),
    region: { left: 0, top: 0, width, height },
  };
  return { scaled: await scaleTo(picture, { width, height }, tower.resize, signal), geometry };
}

async function scaleTo(
  picture: Picture,
  { width, height }: Size,
  filter: Preprocessing['resize'],
  signal: AbortSignal | undefined,
): Promise<Picture> {
  throwIfAborted(signal);
  if (picture.width === width && picture.height === height) return picture;
  return await resizeAsync(picture, width, height, filter, { signal });
}

/** Cuts normalized windows out of a picture; what lies outside of it is 0, the mean color. Only one window is ever held as floats. */
export function cropFromPicture(
  picture: Picture,
  window: number,
  normalization: Normalization,
): (position: WindowPosition, target: Float32Array) => void {
  return ({ top, left }, target) => {
    target.fill(0);
    const width = Math.min(window, picture.width - left);
    const height = Math.min(window, picture.height - top);
    if (width <= 0 || height <= 0) return;
    const canvas = { width: window, height: window, fill: 'zeroAfter' } as const;
    toTensor(crop(picture, left, top, width, height), { normalization, canvas, into: { data: target, offset: 0 } });
  };
}
