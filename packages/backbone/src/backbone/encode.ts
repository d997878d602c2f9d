import { type Tensor, tensor } from '@vitamin-vlm/core';
import { decodeImage, type ImageSource, type Picture } from '@vitamin-vlm/image';
import type { ImageEncoding } from '../image-encoding/image-encoding.ts';
import type { Identity } from '../load/identity.ts';
import type { OpenedModel } from '../load/open-model.ts';
import type { Recipe } from '../load/recipe.ts';
import type { ImageGeometry } from '../tasks/image-geometry.ts';
import { windowGrid } from '../window/grid.ts';
import { DENSE, type ImageSide, type SlideMapsOptions } from './image-side.ts';
import type { EncodeOptions, WindowOptions } from './options.ts';
import { cropFromPicture, layOut, squareGeometry, squareInput } from './pixels.ts';

/** Feature maps of a picture, [1, C, h, w] by name, and where the picture lies in them. */
export interface FeatureMaps {
  readonly maps: Readonly<Record<string, Tensor<'float32'>>>;
  readonly geometry: ImageGeometry;
  readonly identity: Identity;
  readonly recipe: Recipe;
}

/** What encoding needs to know of a model. */
export interface Encoder {
  /** Of the tower and the head: words do not matter to a picture. */
  readonly identity: Identity;
  /** What the model lays down of a recipe. */
  readonly recipe: OpenedModel['recipe'];
  /** Default side of a window. */
  readonly imageSize: number;
  readonly image: ImageSide;
}

/** Whether windows are to be run over the whole picture, or one look at it is enough. */
export function wantsDense({ dense, size, window, stride, levels }: EncodeOptions): boolean {
  if ((levels?.length ?? 0) > 0) return true;
  return dense ?? (size !== undefined || window !== undefined || stride !== undefined);
}

/** Encodes pictures in one look each: all of them in one run. */
export async function encodeSquares(encoder: Encoder, sources: readonly ImageSource[], options: EncodeOptions): Promise<ImageEncoding[]> {
  const { image, imageSize, identity, recipe } = encoder;
  const { window = imageSize, batch = 1, signal, onProgress } = options;
  image.checkSide(window, 'window');
  const inputs: Tensor<'float32'>[] = [];
  const geometries: ImageGeometry[] = [];
  for (const source of sources) {
    const picture = await decodeImage(source);
    inputs.push(await squareInput(picture, window, image.tower, signal));
    geometries.push(squareGeometry(picture, window, image.tower));
  }
  const { shape, data } = await image.embed(inputs, window, batch, { signal, onProgress });
  const width = shape[1]!;
  const { edge, resize } = image.tower;
  return geometries.map((geometry, i) => ({
    identity,
    recipe: { ...recipe, edge, resize, size: window, window, stride: window, placement: 'floor', padding: 'none' },
    geometry,
    pooled: tensor('float32', [width], data.slice(i * width, (i + 1) * width)),
  }));
}

/** Encodes a picture in one look and in windows. A square picture that is one window is looked at once. */
export async function encodeInWindows(encoder: Encoder, source: ImageSource, options: EncodeOptions): Promise<ImageEncoding> {
  const { levels = [], dense = true } = options;
  const picture = await decodeImage(source);
  let pooled: Tensor<'float32'> | undefined;
  const onEmbedding = (embedding: Tensor<'float32'>): void => {
    pooled = tensor('float32', [embedding.shape[1]!], embedding.data.slice(0, embedding.shape[1]));
  };
  const { maps, ...origin } = await slidePicture(encoder, picture, [...levels, ...(dense ? [DENSE] : [])], { ...options, onEmbedding });
  const { width, height, window } = { ...origin.geometry.region, ...origin.recipe };
  if (!pooled || width !== window || height !== window) {
    [{ pooled }] = (await encodeSquares(encoder, [picture], { ...options, onProgress: undefined })) as [ImageEncoding];
  }
  const kept = new Map(Object.entries(maps).map(([name, { shape, data }]) => [name, tensor('float32', shape.slice(1), data)]));
  const denseMap = kept.get(DENSE);
  kept.delete(DENSE);
  return { ...origin, pooled, ...(denseMap ? { dense: denseMap } : {}), ...(kept.size > 0 ? { maps: Object.fromEntries(kept) } : {}) };
}

/** Runs windows over a picture and averages the maps. */
export async function slidePicture(
  { image, imageSize, identity, recipe }: Encoder,
  picture: Picture,
  levels: readonly string[],
  options: WindowOptions & Pick<SlideMapsOptions, 'onEmbedding'>,
): Promise<FeatureMaps> {
  const { window = imageSize, size = window, stride = Math.floor(window / 2), batch = 1, placement = 'floor' } = options;
  image.checkSide(window, 'window');
  const { normalization, resize, stride: cell } = image.tower;
  const { scaled, geometry } = await layOut(picture, { size, window, tower: image.tower }, options.signal);
  const align = placement === 'aligned' ? cell : 1;
  const grid = windowGrid(geometry.inputHeight, geometry.inputWidth, window, stride, { align });
  const crop = cropFromPicture(scaled, window, normalization);
  const maps = await image.maps({ ...options, grid, crop, levels, batch });
  return {
    maps,
    geometry,
    identity,
    recipe: { ...recipe, edge: 'shortest', resize, size, window, stride, placement, padding: 'zeroAfter' },
  };
}
