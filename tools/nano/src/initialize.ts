import { type Tensor, sizeOf, tensor } from '@vitamin-vlm/core';
import { Random } from '@vitamin-vlm/picture-world';
import { textTower } from './nano-config.ts';

/** Temperature at the start: logit_scale = ln(1/0.07) (Radford et al., section 2.5). */
const initialScale = Math.log(1 / 0.07);

/** Fresh weights, drawn as timm and open_clip do: truncated normals for the image tower, CLIP's scaled normals for the text tower. */
export function initialize(shapes: ReadonlyMap<string, readonly number[]>, seed: number): Map<string, Tensor<'float32'>> {
  const random = new Random(seed, 'train', 'single');
  return new Map([...shapes].map(([path, shape]) => [path, draw(path, shape, random)]));
}

function draw(path: string, shape: readonly number[], random: Random): Tensor<'float32'> {
  const deviation = deviationOf(path, shape);
  if (deviation === undefined) return tensor('float32', shape, new Float32Array(sizeOf(shape)).fill(constantOf(path)));
  const data = Float32Array.from({ length: sizeOf(shape) }, () => deviation * truncatedNormal(random));
  return tensor('float32', shape, data);
}

/** Biases are 0, scales of norms 1. */
function constantOf(path: string): number {
  if (path === 'logit_scale') return initialScale;
  return path.endsWith('bias') ? 0 : 1;
}

/** Standard deviation of a weight, or undefined for the constants. */
function deviationOf(path: string, shape: readonly number[]): number | undefined {
  const { width, layers } = textTower;
  if (path === 'text.positional_embedding') return 0.01;
  if (path.endsWith('pos_embed') || path === 'text.token_embedding.weight') return 0.02;
  if (path === 'text.text_projection') return width ** -0.5;
  if (shape.length < 2) return undefined;
  if (path.startsWith('text.')) {
    if (path.endsWith('c_fc.weight')) return (2 * width) ** -0.5;
    return path.endsWith('in_proj_weight') ? width ** -0.5 : width ** -0.5 * (2 * layers) ** -0.5;
  }
  if (shape.length === 4) return Math.sqrt(2 / sizeOf(shape.slice(1))); // He et al., arXiv:1502.01852, by fan-in
  return path.includes('head.proj') ? shape[1]! ** -0.5 : 0.02;
}

/** A standard normal number within two deviations (Box and Muller, drawn again outside). */
function truncatedNormal(random: Random): number {
  for (;;) {
    const value = Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next());
    if (Math.abs(value) <= 2) return value;
  }
}
