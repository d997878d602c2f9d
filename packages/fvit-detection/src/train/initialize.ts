import { sizeOf, type Tensor, tensor } from '@vitamin-vlm/core';
import type { FVitConfig } from '../models/config.ts';
import { declaredHeads } from '../load/open-detector.ts';
import { randomStream } from '@vitamin-vlm/training';

/** Learned factor on the cosines of the box head at the start. */
const TEMPERATURE = 50;

/** How the weights of a layer are drawn. */
type Draw = (shape: readonly number[], random: () => number) => number;

/** First match wins. PyTorch's rules, as F-ViT's and mmdetection's modules choose them. Biases and everything of batch norms is constant. */
const DRAWS: readonly (readonly [RegExp, Draw])[] = [
  [/^rpn_head\.|\.fc_cls\./u, (_, random) => 0.01 * normal(random)],
  [/\.fc_reg\./u, (_, random) => 0.001 * normal(random)],
  [/^neck\.|_fcs\.\d/u, (shape, random) => uniform(Math.sqrt(6 / (fanIn(shape) + fanOut(shape))), random)], // Glorot and Bengio, AISTATS 2010
  [/^roi_head\./u, (shape, random) => Math.sqrt(2 / fanOut(shape)) * normal(random)], // He et al., arXiv:1502.01852
  [/^backbone\.interpolate/u, (shape, random) => uniform(1 / Math.sqrt(fanIn(shape)), random)], // PyTorch's own
];

/**
 * Fresh adapters, pyramid and heads, drawn as the original draws them: every tensor of the checkpoint but the tower's.
 *
 * @param embeddings - [E, K + 1], unit columns, the background last.
 * @example
 * ```ts
 * import { type FVitConfig, initializeHeads } from '@vitamin-vlm/fvit-detection';
 * import type { Tensor } from '@vitamin-vlm/core';
 * const fresh = (config: FVitConfig, embeddings: Tensor<'float32'>): Map<string, Tensor> => initializeHeads(config, embeddings, 0);
 * ```
 */
export function initializeHeads(config: FVitConfig, embeddings: Tensor<'float32'>, seed: number): Map<string, Tensor<'float32'>> {
  const shapes = declaredHeads(config);
  const random = randomStream(seed, 0);
  const initial = new Map([...shapes].map(([path, shape]) => [path, draw(path, shape, shapes, random)]));
  return initial.set('roi_head.bbox_head.all_embeddings', embeddings);
}

function draw(
  path: string,
  shape: readonly number[],
  shapes: ReadonlyMap<string, readonly number[]>,
  random: () => number,
): Tensor<'float32'> {
  const data = new Float32Array(sizeOf(shape));
  // PyTorch's biases of convolutions are as wide as the weights; mmdetection sets those of its own layers to 0.
  const weight = path.startsWith('backbone.') && path.endsWith('.bias') ? shapes.get(path.replace(/bias$/u, 'weight'))! : shape;
  const rule = weight.length > 1 ? DRAWS.find(([names]) => names.test(path))?.[1] : undefined;
  if (rule) for (let i = 0; i < data.length; i++) data[i] = rule(weight, random);
  else data.fill(constantOf(path));
  return tensor('float32', shape, data);
}

function constantOf(path: string): number {
  if (path.endsWith('.detect_temperature')) return TEMPERATURE;
  return /\.(?:weight|running_var)$/u.test(path) ? 1 : 0;
}

function fanIn(shape: readonly number[]): number {
  return sizeOf(shape.slice(1));
}

function fanOut([outputs = 1, , ...window]: readonly number[]): number {
  return outputs * sizeOf(window);
}

function uniform(limit: number, random: () => number): number {
  return limit * (2 * random() - 1);
}

/** A standard normal number (Box and Muller). */
function normal(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}
