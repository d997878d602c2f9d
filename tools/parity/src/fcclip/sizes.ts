import { sizeOf, type Tensor, tensor } from '@vitamin-vlm/core';
import type { FcclipConfig } from '@vitamin-vlm/fcclip-segmentation';
import type { Golden } from '../golden/golden.ts';
import type { Shapes } from '../shapes.ts';
import { type FcclipFormula, fcclipTensor } from './weights.ts';

/** What stands behind every name that is given to the generator. */
export function seedSuffixOf(golden: Golden): string {
  const config = golden.at('config');
  return config.has('seedSuffix') ? config.at('seedSuffix').takeText() : '';
}

/** The sizes that a golden file states: of a segmenter on a tower that is read in windows, which has learned positions, or without them. */
export function goldenConfig(golden: Golden): FcclipConfig {
  const config = golden.at('config');
  const windows = !config.has('depths');
  const number = (name: string): number => config.at(name).takeNumber();
  const [height, width] = config.at('canvas').takeNumbers() as [number, number];
  const channels = config.at('channels').take() as Readonly<Record<'res2' | 'res3' | 'res4' | 'res5', number>>;
  const own = [channels.res2, channels.res3, channels.res4] as const;
  return {
    ...(windows ? { channels: own } : { channels: [...own, channels.res5], positions: false }),
    width: number('conv'),
    heads: number('heads'),
    encoderLayers: number('enc'),
    encoderHidden: number('encffn'),
    decoderLayers: number('dec'),
    decoderHidden: number('decffn'),
    queries: number('Q'),
    embedDim: number('embedDim'),
    canvas: { width, height },
  };
}

/** Compares the weights made from names with those that the file shows, and how many there are. */
export function compareWeights(golden: Golden, shapes: Shapes, formula: FcclipFormula): void {
  golden.at('config', 'tensors').equal(shapes.size);
  golden.at('config', 'values').equal([...shapes.values()].reduce((sum, shape) => sum + sizeOf(shape), 0));
  for (const name of golden.at('weights').keys()) {
    golden.at('weights', name).tensor(fcclipTensor(name, shapes.get(name) ?? [], formula));
  }
}

/** Every second cell of a map [N, C, h, w]: res5 of res4. */
export function everySecond({ shape, data }: Tensor<'float32'>): Tensor<'float32'> {
  const [n, channels, height, width] = shape as [number, number, number, number];
  const [rows, columns] = [Math.ceil(height / 2), Math.ceil(width / 2)];
  const out = tensor('float32', [n, channels, rows, columns]);
  for (let i = 0; i < out.data.length; i++) {
    const [plane, y, x] = [Math.floor(i / (rows * columns)), Math.floor(i / columns) % rows, i % columns];
    out.data[i] = data[(plane * height + 2 * y) * width + 2 * x]!;
  }
  return out;
}
