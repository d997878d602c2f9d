import { sizeOf, type Tensor, tensor } from '@vitamin-vlm/core';
import { formulaStream } from '../formula.ts';

/** Layers that read what ReLUs gave: their rows sum to zero, so that about half of the mask logits are positive. */
const CENTERED = /^sem_seg_head\..*(?:linear2\.weight|_embed\.layers\.[12]\.weight|mask_features\.weight)$/u;
/** Layers whose results are added to the queries: smaller, so that the queries stay apart. */
const QUIET = /^sem_seg_head\.predictor\.transformer_.*(?:out_proj|linear2)\.weight$/u;
/** Of unit variance, as training starts. */
const LEARNED = /^global_pos_embed\.|(?:query_feat\.weight|query_embed\.weight|level_embed|level_embed\.weight)$/u;

/** What the weights of a golden file depend on beside names and shapes. */
export interface FcclipFormula {
  /** Stands behind every name that is given to the generator. */
  readonly seedSuffix: string;
  /** Tensors whose rows are left as they are. */
  readonly uncentered?: readonly string[];
}

/** The weights of a golden file by name. */
export function fcclipTensor(name: string, shape: readonly number[], { seedSuffix, uncentered = [] }: FcclipFormula): Tensor<'float32'> {
  if (name.endsWith('logit_scale'))
    return tensor('float32', shape, Float32Array.of(name.startsWith('sem_seg_head.') ? Math.log(1 / 0.07) : Math.log(100)));
  const [scale, offset] = spread(name, shape);
  const next = formulaStream(name + seedSuffix);
  const factor = QUIET.test(name) ? 0.25 : 1;
  const data = Float64Array.from({ length: sizeOf(shape) }, () => (offset + scale * next()) * factor);
  if (CENTERED.test(name) && !uncentered.includes(name)) center(data, data.length / shape[0]!);
  return tensor('float32', shape, Float32Array.from(data));
}

/** What a uniform number of [-0.5, 0.5) is multiplied with, and what is added. */
function spread(name: string, shape: readonly number[]): readonly [scale: number, offset: number] {
  if (LEARNED.test(name)) return [Math.sqrt(12), 0];
  if (name.includes('embedding') || name.endsWith('pos_embed')) return [0.2, 0];
  if (name.endsWith('text_projection')) return [Math.sqrt(12 / shape[0]!), 0];
  if (shape.length >= 2) return [Math.sqrt(12 / sizeOf(shape.slice(1))), 0];
  return name.endsWith('.bias') || name.endsWith('in_proj_bias') ? [0.1, 0] : [0.2, 1];
}

function center(data: Float64Array, width: number): void {
  for (let at = 0; at < data.length; at += width) {
    const row = data.subarray(at, at + width);
    const mean = row.reduce((sum, value) => sum + value, 0) / width;
    row.forEach((value, i) => (row[i] = value - mean));
  }
}

/** Coarse patches with noise on them, [C, H, W] flat: `mix` of a number of `name.coarse` for each cell of `side`² elements, and one of `name` for each element. */
export function formulaPatches(
  name: string,
  suffix: string,
  [channels, height, width]: readonly [number, number, number],
  side: number,
  mix: (coarse: number, fine: number) => number,
): Float32Array {
  const columns = Math.ceil(width / side);
  const rows = Math.ceil(height / side);
  const nextCoarse = formulaStream(`${name}.coarse${suffix}`);
  const coarse = Float64Array.from({ length: channels * rows * columns }, nextCoarse);
  const next = formulaStream(name + suffix);
  return Float32Array.from({ length: channels * height * width }, (_, i) => {
    const [c, y, x] = [Math.floor(i / (height * width)), Math.floor(i / width) % height, i % width];
    return mix(coarse[(c * rows + Math.floor(y / side)) * columns + Math.floor(x / side)]!, next());
  });
}

/** The picture of a golden file, whole numbers from 0 to 255, planes: [3, height, width]. */
export function formulaPicture(seedSuffix: string, height: number, width: number, patch: number): Float32Array {
  return formulaPatches('image', seedSuffix, [3, height, width], patch, level);
}

function level(coarse: number, fine: number): number {
  return Math.floor(192 * (coarse + 0.5)) + Math.floor(64 * (fine + 0.5));
}
