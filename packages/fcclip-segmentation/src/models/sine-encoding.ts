import { type Tensor, tensor } from '@vitamin-vlm/core';

/** Cells of a map, [height, width]. */
export type Cells = readonly [height: number, width: number];

const TEMPERATURE = 10_000;
/** Keeps the division apart from 0, as the original has it. */
const EPS = 1e-6;

/**
 * Positions on a map as waves of falling frequency (Carion et al., DETR, 2020), normalized to 2π: the first half of the channels for y, the second
 * for x, sine and cosine in turn.
 *
 * @returns [1, h·w, channels], row by row.
 */
export function sineEncoding([height, width]: Cells, channels: number): Tensor<'float32'> {
  const half = channels / 2;
  const encoding = tensor('float32', [1, height * width, channels]);
  for (let cell = 0; cell < height * width; cell++) {
    const y = ((Math.floor(cell / width) + 1) / (height + EPS)) * 2 * Math.PI;
    const x = (((cell % width) + 1) / (width + EPS)) * 2 * Math.PI;
    for (let channel = 0; channel < channels; channel++) {
      const i = channel % half;
      const angle = (channel < half ? y : x) / TEMPERATURE ** ((2 * Math.floor(i / 2)) / half);
      encoding.data[cell * channels + channel] = i % 2 === 0 ? Math.sin(angle) : Math.cos(angle);
    }
  }
  return encoding;
}

/** Centers of the cells of several maps one after the other, as fractions of their own map: [tokens, 2] of x and y. */
export function cellCenters(maps: readonly Cells[]): Tensor<'float32'> {
  const centers = maps.flatMap(([height, width]) =>
    Array.from({ length: height * width }, (_, cell) => [((cell % width) + 0.5) / width, (Math.floor(cell / width) + 0.5) / height]),
  );
  return tensor('float32', [centers.length, 2], Float32Array.from(centers.flat()));
}
