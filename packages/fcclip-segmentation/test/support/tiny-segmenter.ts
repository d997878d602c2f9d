import {
  type ConvNeXtConfig,
  convNeXtHead,
  convNeXtTrunk,
  pooledHead,
  type TextTowerConfig,
  textTower,
  type ViTaminConfig,
  vitaminTrunk,
} from '@vitamin-vlm/backbone';
import { sizeOf, type Tensor, tensor } from '@vitamin-vlm/core';
import { Graph, Parameters } from '@vitamin-vlm/graph';
import { declaredHeads, type FcclipConfig, type FcclipSizes } from '../../src/index.ts';
import { random } from './random.ts';

export const CLIP = 'backbone.clip_model.';
/** A ViTamin of the smallest sizes: 32 pixels, a grid of 2 × 2 tokens. */
export const tinyTower: ViTaminConfig = { widths: [8, 16, 64], depths: [2, 2, 3], heads: 2, embedDim: 32, positions: true };
const tinyText: TextTowerConfig = { width: 64, heads: 2, layers: 1, embedDim: 32, vocabulary: 49408, context: 77 };
export const TINY_WINDOW = 32;

const decoders = {
  width: 32,
  heads: 4,
  encoderLayers: 1,
  encoderHidden: 32,
  decoderLayers: 3,
  decoderHidden: 32,
  queries: 10,
  embedDim: 32,
} as const;
/** Decoders to match, on a canvas of 64 pixels. */
export const tinyConfig: FcclipConfig = { ...decoders, channels: [8, 16, 64], canvas: { width: 64, height: 64 } };

const convNeXt: ConvNeXtConfig = { widths: [8, 16, 24, 32], depths: [1, 1, 1, 1], embedDim: 32, head: { hidden: 48 }, eps: 1e-6 };
/** Decoders to match, for pictures of any size. */
export const convNeXtSizes: FcclipSizes = { ...decoders, channels: [8, 16, 24, 32], positions: false };

/** The tensors of a segmenter by the names of its file: the CLIP model's image tower, then the decoders. */
export function tinySegmenter(seed = 1): Map<string, Tensor> {
  return new Map([...prefixed(towerTensors(seed), CLIP), ...headTensors(seed)]);
}

/** Both decoders, the learned positions and "nothing". */
export function headTensors(seed = 1, sizes: FcclipSizes = tinyConfig): Map<string, Tensor> {
  return new Map([...declaredHeads(sizes)].map(([name, shape]) => [name, weight(name, shape, seed)]));
}

/** A CLIP model of the same tower, with a text tower. */
export function tinyClip(seed = 1): Map<string, Tensor> {
  return new Map([...towerTensors(seed), ...textTensors(seed)]);
}

/** A ConvNeXt with its text tower, which open_clip keeps at the root of the file. */
export function convNeXtClip(seed = 1): Map<string, Tensor> {
  const shapes = declared((graph, root) => {
    const visual = root.at('visual');
    const { stages } = convNeXtTrunk(visual.at('trunk'), graph.input('image', 'float32', [1, 3, 64, 64]), convNeXt);
    convNeXtHead(visual, stages.at(-1)!.out, convNeXt);
  });
  const image = [...shapes].map(([name, shape]) => [name, weight(name, shape, seed)] as const);
  const text = [...textTensors(seed)].map(([name, value]) => [name.replace('text.', ''), value] as const);
  return new Map<string, Tensor>([...image, ...text, ['logit_scale', weight('logit_scale', [], seed)]]);
}

function textTensors(seed: number): Map<string, Tensor> {
  const shapes = declared((graph, root) => {
    textTower(root.at('text'), graph.input('ids', 'int32', [1, 77]), graph.input('ends', 'int32', [1]), tinyText);
  });
  return new Map([...shapes].map(([name, shape]) => [name, weight(name, shape, seed)]));
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

/** Reproducible weights that keep activations near one, and queries apart. */
function weight(name: string, shape: readonly number[], seed: number): Tensor<'float32'> {
  if (name.endsWith('logit_scale')) return tensor('float32', shape, Float32Array.of(Math.log(20)));
  const next = random(Array.from(name).reduce((hash, letter) => Math.imul(hash, 31) + letter.charCodeAt(0), seed));
  const learned = /^global_pos_embed|query_|level_embed|void_/u.test(name);
  const scale = learned ? Math.sqrt(12) : shape.length > 1 ? Math.sqrt(24 / sizeOf(shape.slice(1))) : 0.2;
  const offset = shape.length < 2 && !name.endsWith('bias') ? 1 : 0;
  return tensor(
    'float32',
    shape,
    Float32Array.from({ length: sizeOf(shape) }, () => offset + scale * (next() - 0.5)),
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
