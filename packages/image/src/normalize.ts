import { tensor, VitaminError, type Tensor } from '@vitamin-vlm/core';
import { checkPicture, type Picture } from './picture.ts';
import type { Size } from './sizes.ts';

/** How bytes become network input: `(byte / divisor - mean) / std`, each step in float32 as PyTorch does it. */
export interface Normalization {
  readonly divisor: 1 | 255;
  readonly mean: readonly [number, number, number];
  readonly std: readonly [number, number, number];
}

/** The OpenAI CLIP constants as open_clip, timm and the Hugging Face processors use them: for values from 0 to 1. */
export const CLIP_NORMALIZATION: Normalization = {
  divisor: 255,
  mean: [0.48145466, 0.4578275, 0.40821073],
  std: [0.26862954, 0.26130258, 0.27577711],
};

/** The same constants as the configurations of F-ViT and FC-CLIP write them: for values from 0 to 255. mmcv and detectron2 give the same bits. */
export const CLIP_NORMALIZATION_255: Normalization = {
  divisor: 1,
  mean: [122.7709383, 116.7460125, 104.09373615],
  std: [68.5005327, 66.6321579, 70.32316305],
};

/** Options of `toTensor`. */
export interface ToTensorOptions {
  /** Default `CLIP_NORMALIZATION`. */
  readonly normalization?: Normalization | undefined;
  /**
   * A canvas at least as large as the picture, which lies in its top left corner. The rest is 0 in the tensor with `zeroAfter` (F-ViT),
   * or the value of a black pixel with `zeroBefore` (FC-CLIP).
   */
  readonly canvas?: (Size & { readonly fill: 'zeroAfter' | 'zeroBefore' }) | undefined;
  /** Memory to write into, from element `offset` on, so that a batch needs no copy. The tensor is then a view of it. */
  readonly into?: { readonly data: Float32Array; readonly offset: number } | undefined;
}

/**
 * A picture as network input: float32 `[3, height, width]`, normalized.
 *
 * @throws VitaminError `USAGE` when the canvas is smaller than the picture or `into` has no room, `INPUT_UNREADABLE` for an inconsistent picture.
 * @example
 * ```ts
 * import { decodeImage, toTensor } from '@vitamin-vlm/image';
 * const picture = await decodeImage('street.jpg');
 * const batch = new Float32Array(2 * 3 * picture.height * picture.width);
 * const second = toTensor(picture, { into: { data: batch, offset: batch.length / 2 } });
 * console.log(second.shape); // [3, height, width]
 * ```
 */
export function toTensor(picture: Picture, options: ToTensorOptions = {}): Tensor<'float32'> {
  checkPicture(picture);
  const { width, height } = options.canvas ?? picture;
  if (!(width >= picture.width && height >= picture.height)) {
    throw new VitaminError('USAGE', `Expected a canvas of at least ${picture.width} x ${picture.height} but received ${width} x ${height}`);
  }
  const plane = width * height;
  const out = destination(plane * 3, options.into);
  const tables = normalizeTables(options.normalization ?? CLIP_NORMALIZATION);
  for (let channel = 0; channel < 3; channel++) {
    const table = tables[channel]!;
    const to = out.subarray(channel * plane, (channel + 1) * plane);
    if (plane > picture.width * picture.height) to.fill(options.canvas?.fill === 'zeroBefore' ? table[0]! : 0);
    for (let y = 0; y < picture.height; y++) {
      let from = y * picture.width * 3 + channel;
      const end = y * width + picture.width;
      for (let i = y * width; i < end; i++, from += 3) to[i] = table[picture.data[from]!]!;
    }
  }
  return tensor('float32', [3, height, width], out);
}

function destination(length: number, into: ToTensorOptions['into']): Float32Array {
  if (!into) return new Float32Array(length);
  const { data, offset } = into;
  if (!(Number.isSafeInteger(offset) && offset >= 0 && offset + length <= data.length)) {
    throw new VitaminError('USAGE', `Expected room for ${length} values from ${offset} on but received ${data.length} in all`);
  }
  return data.subarray(offset, offset + length);
}

/** What each of the 256 bytes becomes, per channel. */
function normalizeTables({ divisor, mean, std }: Normalization): Float32Array[] {
  const { fround } = Math;
  return mean.map((m, channel) =>
    Float32Array.from({ length: 256 }, (_, byte) => fround(fround(fround(byte / divisor) - fround(m)) / fround(std[channel]!))),
  );
}
