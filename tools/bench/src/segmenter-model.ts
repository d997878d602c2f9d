import { join } from 'node:path';
import { vitaminSizes } from '@vitamin-vlm/backbone';
import { type Tensor, tensor } from '@vitamin-vlm/core';
import { declaredHeads, type FcclipConfig, type Maps, saveSegmenter } from '@vitamin-vlm/fcclip-segmentation';
import { noise } from './noise.ts';
import { noiseTensors, towerTensors, type WindowModel } from './window-model.ts';

/** Before the first seed of the decoders: more than a tower has tensors. */
const HEAD_SEEDS = 20_000;
/** Windows along a side of FC-CLIP's canvas: 1344 pixels of 336. */
const WINDOWS = 4;

/** The sizes of the published segmenter, on the tower of a model. */
export function segmenterConfig({ size, side }: WindowModel): FcclipConfig {
  const { widths, embedDim } = vitaminSizes[size];
  return {
    channels: widths,
    width: 256,
    heads: 8,
    encoderLayers: 6,
    encoderHidden: 1024,
    decoderLayers: 9,
    decoderHidden: 2048,
    queries: 250,
    embedDim,
    canvas: { width: WINDOWS * side, height: WINDOWS * side },
  };
}

/**
 * Writes a segmenter of random weights, tower included, as Detectron2 does.
 *
 * @returns its path in `folder`.
 */
export async function writeSegmenter(folder: string, model: WindowModel): Promise<string> {
  const path = join(folder, `fcclip-${model.size}.pth`);
  const tower = towerTensors(model).map(([name, value]) => [`backbone.clip_model.${name}`, value] as const);
  const heads = noiseTensors(declaredHeads(segmenterConfig(model)), HEAD_SEEDS);
  await saveSegmenter(path, new Map([...tower, ...heads]));
  return path;
}

/** Maps of the tower, of noise. Each call makes new ones: the networks take them away. */
export function noiseMaps({ channels, canvas }: FcclipConfig): Maps {
  const map = (level: number): Tensor<'float32'> => {
    const stride = 4 << level;
    return noise([1, channels[level]!, canvas.height / stride, canvas.width / stride], { scale: 2, seed: level + 1 });
  };
  return { os4: map(0), os8: map(1), final: map(2) };
}

/** K words of random directions. */
export function noiseWords(count: number, embedDim: number): Tensor<'float32'> {
  const { shape, data } = noise([count, embedDim], { scale: 2 });
  for (let row = 0; row < count; row++) {
    const one = data.subarray(row * embedDim, (row + 1) * embedDim);
    const length = Math.hypot(...one);
    one.forEach((value, i) => (one[i] = value / length));
  }
  return tensor('float32', shape, data);
}
