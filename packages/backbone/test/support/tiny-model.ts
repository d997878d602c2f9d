import { type Tensor, tensor } from '@vitamin-vlm/core';
import { Graph, Parameters } from '@vitamin-vlm/graph';
import { type TextTowerConfig, textTower } from '../../src/models/text-tower.ts';
import { pooledHead, type ViTaminConfig, vitaminTrunk } from '../../src/models/vitamin.ts';
import { formulaValues } from '../formula.ts';

/** A ViTamin of the smallest sizes: 32 pixels, a grid of 2 × 2 tokens. */
export const tinyImage: ViTaminConfig = { widths: [8, 16, 64], depths: [2, 2, 3], heads: 2, embedDim: 32, positions: true };
export const tinyText: TextTowerConfig = { width: 64, heads: 2, layers: 2, embedDim: 32, vocabulary: 49408, context: 77 };
export const TINY_SIZE = 32;

/** Names and shapes of a model in open_clip's custom text form, without a byte of weights. */
export function declaredShapes(image: ViTaminConfig, size: number, text?: TextTowerConfig): Map<string, readonly number[]> {
  const graph = new Graph('shapes');
  const parameters = new Parameters(graph);
  const visual = parameters.root.at('visual');
  const { blocks } = vitaminTrunk(visual.at('trunk'), graph.input('image', 'float32', [1, 3, size, size]), image);
  pooledHead(visual, blocks.at(-1)!, image.embedDim);
  if (text) textTower(parameters.root.at('text'), graph.input('ids', 'int32', [1, 77]), graph.input('ends', 'int32', [1]), text);
  return parameters.declared;
}

/** Reproducible weights that keep activations near one, by name. */
export function weightsFor(shapes: ReadonlyMap<string, readonly number[]>): Map<string, Tensor<'float32'>> {
  return new Map([...shapes].map(([name, shape]) => [name, weight(name, shape)]));
}

function weight(name: string, shape: readonly number[]): Tensor<'float32'> {
  const values = formulaValues(name, shape);
  const fanIn = shape.slice(1).reduce((product, extent) => product * extent, 1);
  const norm = shape.length === 1 && !name.endsWith('bias');
  const scale = /embed/u.test(name) || shape.length === 1 ? 0.2 : Math.sqrt(12 / fanIn);
  return tensor(
    'float32',
    shape,
    values.data.map((u) => (norm ? 1 : 0) + scale * u),
  );
}

/** The whole tiny model, with its logit scale. Most of it are the token embeddings: fewer of them where nothing is tokenized. */
export function tinyWeights(vocabulary = 500): Map<string, Tensor<'float32'>> {
  const weights = weightsFor(declaredShapes(tinyImage, TINY_SIZE, { ...tinyText, vocabulary }));
  return weights.set('logit_scale', tensor('float32', [], new Float32Array([Math.log(50)])));
}

/** The same tensors under other names. A name that becomes undefined is left out. */
export function renamed<T>(weights: ReadonlyMap<string, T>, rename: (name: string) => string | undefined): Map<string, T> {
  const out = new Map<string, T>();
  for (const [name, value] of weights) {
    const other = rename(name);
    if (other !== undefined) out.set(other, value);
  }
  return out;
}

/** A picture of reproducible noise. */
export function noisePicture(width: number, height: number, name = 'picture'): { width: number; height: number; data: Uint8Array } {
  return { width, height, data: Uint8Array.from(formulaValues(name, [width * height * 3]).data, (u) => (u + 0.5) * 256) };
}
