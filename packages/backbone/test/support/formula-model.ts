import { sizeOf, type Tensor, tensor } from '@vitamin-vlm/core';
import { formulaValues } from '../formula.ts';

/** The weights that reference values of the original programs were computed with, by name. */
export function formulaWeight(name: string, shape: readonly number[]): Tensor<'float32'> {
  const { data } = formulaValues(name, shape);
  const [scale, offset] = spread(name, shape);
  return tensor(
    'float32',
    shape,
    data.map((u) => offset + scale * u),
  );
}

function spread(name: string, shape: readonly number[]): readonly [scale: number, offset: number] {
  if (name.includes('embedding') || name.endsWith('pos_embed')) return [0.2, 0];
  if (name.endsWith('text_projection')) return [Math.sqrt(12 / shape[0]!), 0];
  if (shape.length >= 2) return [Math.sqrt(12 / sizeOf(shape.slice(1))), 0];
  return name.endsWith('bias') ? [0.1, 0] : [0.2, 1];
}

/** Mean, mean of absolute values, and the elements 0, 1, n/2 and n - 1: how reference values are written down. */
export function digest({ data }: Tensor<'float32'>): number[] {
  return [mean(data), mean(data.map(Math.abs)), data[0]!, data[1]!, data[data.length / 2]!, data.at(-1)!];
}

function mean(values: Float32Array): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
