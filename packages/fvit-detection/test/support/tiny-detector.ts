import { pooledHead, type TextTowerConfig, textTower, type ViTaminConfig, vitaminTrunk } from '@vitamin-vlm/backbone';
import { sizeOf, type Tensor, tensor } from '@vitamin-vlm/core';
import { Graph, Parameters } from '@vitamin-vlm/graph';
import { declaredHeads, type FVitConfig } from '../../src/index.ts';
import { random } from './random.ts';

/** A ViTamin of the smallest sizes: 32 pixels, a grid of 2 × 2 tokens. */
export const tinyTower: ViTaminConfig = { widths: [8, 16, 64], depths: [2, 2, 3], heads: 2, embedDim: 32, positions: true };
const tinyText: TextTowerConfig = { width: 64, heads: 2, layers: 1, embedDim: 32, vocabulary: 49408, context: 77 };
export const TINY_WINDOW = 32;

/** Heads to match, with the structure of OV-COCO, or with masks that of OV-LVIS. */
export function tinyHeads(masks: boolean, classes = 5): FVitConfig {
  return { channels: [8, 16, 64, 64], width: 8, hidden: 16, embedDim: 32, classes, rpnNorm: masks, masks };
}

/** The tensors of a detector by the names of its file: the tower, then the heads. */
export function tinyDetector(masks: boolean, seed = 1): Map<string, Tensor> {
  return new Map([...prefixed(towerTensors(seed), 'backbone.'), ...headTensors(masks, seed)]);
}

/** Adapters, pyramid and heads. */
export function headTensors(masks: boolean, seed = 1): Map<string, Tensor> {
  const tensors = new Map<string, Tensor>();
  for (const [name, shape] of declaredHeads(tinyHeads(masks))) {
    tensors.set(name, weight(name, shape, seed));
    if (name.endsWith('running_var')) tensors.set(name.replace('running_var', 'num_batches_tracked'), tensor('int64', []));
  }
  return tensors;
}

/** A CLIP model of the same tower, with a text tower. */
export function tinyClip(seed = 1): Map<string, Tensor> {
  const text = declared((graph, root) => {
    textTower(root.at('text'), graph.input('ids', 'int32', [1, 77]), graph.input('ends', 'int32', [1]), tinyText);
  });
  return new Map([...towerTensors(seed), ...[...text].map(([name, shape]) => [name, weight(name, shape, seed)] as const)]);
}

function towerTensors(seed: number): Map<string, Tensor> {
  const shapes = declared((graph, root) => {
    const visual = root.at('visual');
    const { blocks } = vitaminTrunk(visual.at('trunk'), graph.input('image', 'float32', [1, 3, TINY_WINDOW, TINY_WINDOW]), tinyTower);
    pooledHead(visual, blocks.at(-1)!, tinyTower.embedDim);
  });
  return new Map([...shapes].map(([name, shape]) => [name, weight(name, shape, seed)]));
}

/** Every tensor that a network asks for. */
function declared(build: (graph: Graph, root: Parameters['root']) => void): ReadonlyMap<string, readonly number[]> {
  const graph = new Graph('declared');
  const parameters = new Parameters(graph);
  build(graph, parameters.root);
  return parameters.declared;
}

/** Reproducible weights that keep activations near one. */
function weight(name: string, shape: readonly number[], seed: number): Tensor<'float32'> {
  const next = random(Array.from(name).reduce((hash, letter) => Math.imul(hash, 31) + letter.charCodeAt(0), seed));
  if (name.endsWith('detect_temperature')) return tensor('float32', shape, new Float32Array([25]));
  const fanIn = sizeOf(shape.slice(1));
  const scale = shape.length > 1 ? Math.sqrt((/rpn_(?:cls|reg)|fc_reg/u.test(name) ? 3 : 24) / fanIn) : 0.2;
  const offset = shape.length < 2 && !name.endsWith('bias') && !name.endsWith('running_mean') ? 1 : 0;
  const data = Float32Array.from({ length: sizeOf(shape) }, () => offset + scale * (next() - 0.5));
  if (!name.endsWith('all_embeddings')) return tensor('float32', shape, data);
  const columns = shape[1]!;
  const lengths = Array.from({ length: columns }, (_, k) => Math.hypot(...data.filter((__, i) => i % columns === k)));
  return tensor(
    'float32',
    shape,
    data.map((value, i) => value / lengths[i % columns]!),
  );
}

export function prefixed<T>(tensors: ReadonlyMap<string, T>, prefix: string): Map<string, T> {
  return new Map([...tensors].map(([name, value]) => [prefix + name, value]));
}

/** A picture with blocks of color and noise. */
export function noisePicture(width: number, height: number, seed = 7): { width: number; height: number; data: Uint8Array } {
  const next = random(seed);
  const blocks = Uint8Array.from({ length: 3 * 64 }, () => next() * 192);
  const data = Uint8Array.from({ length: width * height * 3 }, (_, i) => {
    const [c, x, y] = [i % 3, Math.floor(i / 3) % width, Math.floor(i / (3 * width))];
    return blocks[(Math.floor((8 * y) / height) * 8 + Math.floor((8 * x) / width)) * 3 + c]! + next() * 63;
  });
  return { width, height, data };
}
