import { eva02Angles, type GridAngles, pooledViTAngles } from '@vitamin-vlm/backbone';
import { type Tensor, tensor } from '@vitamin-vlm/core';
import type { OpenedCase } from './opened.ts';

/** The angles of rotary positions, which are computed and not learned. */
export function compareRotary({ golden, model }: OpenedCase): void {
  const taps = golden.at('taps');
  const { config, tower } = model;
  const side = tower.imageSize / tower.stride;
  if (config.family === 'eva02') {
    const compare = (prefix: string, cells: number): void => {
      const angles = eva02Angles([cells, cells], config.image);
      taps.at(`${prefix}rope_cos`).tensor(twice(angles, [angles.cos]));
      taps.at(`${prefix}rope_sin`).tensor(twice(angles, [angles.sin]));
    };
    compare('', side);
    if (golden.has('resizedInput')) compare('resized.', (golden.at('resizedInput').value as [string, number[]])[1][2]! / tower.stride);
  }
  if (config.family === 'pe-core' && taps.has('rope_table_sin_cos')) {
    const angles = pooledViTAngles([side, side], config.image)!;
    taps.at('rope_table_sin_cos').tensor(twice(angles, [angles.sin, angles.cos]));
  }
}

/** Tables side by side, each number for both channels of its pair. */
function twice({ cells, pairs }: GridAngles, tables: readonly Float32Array[]): Tensor<'float32'> {
  const width = 2 * pairs * tables.length;
  const out = tensor('float32', [cells, width]);
  for (let at = 0; at < out.data.length; at++) {
    const [cell, channel] = [Math.floor(at / width), at % width];
    out.data[at] = tables[Math.floor(channel / (2 * pairs))]![cell * pairs + Math.floor((channel % (2 * pairs)) / 2)]!;
  }
  return out;
}
