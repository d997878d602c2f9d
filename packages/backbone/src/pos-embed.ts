import { sizeOf, type Tensor, tensor, VitaminError } from '@vitamin-vlm/core';

/** For one output position: the first input position that counts, and the weights from there on. */
interface Sampling {
  readonly first: number;
  readonly weights: readonly number[];
}

/** Keys' cubic kernel with parameter a; zero from distance 2 on. */
function cubic(x: number, a: number): number {
  const d = Math.abs(x);
  if (d < 1) return ((a + 2) * d - (a + 3)) * d * d + 1;
  return d < 2 ? a * (((d - 5) * d + 8) * d - 4) : 0;
}

/** Pillow's way (torch `antialias=True`): the kernel with a = -0.5 widens when shrinking; weights at the border are renormalized. */
function antialiased(from: number, to: number): Sampling[] {
  const scale = from / to;
  const spread = Math.max(scale, 1);
  return Array.from({ length: to }, (_, i) => {
    const center = scale * (i + 0.5);
    const first = Math.max(Math.trunc(center - 2 * spread + 0.5), 0);
    const end = Math.min(Math.trunc(center + 2 * spread + 0.5), from);
    const weights = Array.from({ length: end - first }, (_unused, j) => cubic((first + j - center + 0.5) / spread, -0.5));
    const sum = weights.reduce((total, weight) => total + weight, 0);
    return { first, weights: weights.map((weight) => weight / sum) };
  });
}

/** torch's plain bicubic: four points with a = -0.75, positions beyond the border read the border. */
function plain(from: number, to: number): Sampling[] {
  return Array.from({ length: to }, (_, i) => {
    const x = (from / to) * (i + 0.5) - 0.5;
    const floor = Math.floor(x);
    const weights = Array.from({ length: from }, () => 0);
    for (let step = -1; step <= 2; step++) {
      const at = Math.min(Math.max(floor + step, 0), from - 1);
      weights[at]! += cubic(floor + step - x, -0.75);
    }
    return { first: 0, weights };
  });
}

/** Resamples the middle axis of [outer, from, inner]. */
function resampleAxis(data: Float64Array, outer: number, from: number, inner: number, samplings: readonly Sampling[]): Float64Array {
  const out = new Float64Array(outer * samplings.length * inner);
  for (let o = 0; o < outer; o++) {
    for (const [t, { first, weights }] of samplings.entries()) {
      const to = (o * samplings.length + t) * inner;
      for (const [j, weight] of weights.entries()) {
        if (weight === 0) continue;
        const at = (o * from + first + j) * inner;
        for (let i = 0; i < inner; i++) out[to + i]! += weight * data[at + i]!;
      }
    }
  }
  return out;
}

/**
 * Resizes a grid of position embeddings (no class token) so that a tower runs at another input size.
 *
 * @param embedding - [..., h·w, D] with h·w = `from[0] · from[1]`, row-major.
 * @param from - Height and width of the grid now.
 * @param to - Height and width wanted.
 * @param options - `antialias`: true (default) for ViTamin, timm and open_clip; false for EVA-CLIP as F-ViT loads it.
 * @returns the same leading shape, float32. Equal sizes give the same values.
 * @throws VitaminError `USAGE` when the shape does not hold the grid or a size is not positive.
 * @example
 * ```ts
 * import { resizePositionEmbedding } from '@vitamin-vlm/backbone';
 * import { tensor } from '@vitamin-vlm/core';
 * const embedding = tensor('float32', [1, 14 * 14, 384]); // a model for 224 pixels
 * console.log(resizePositionEmbedding(embedding, [14, 14], [21, 21]).shape); // [ 1, 441, 384 ]: 336 pixels
 * ```
 */
export function resizePositionEmbedding(
  embedding: Tensor<'float32'>,
  from: readonly [height: number, width: number],
  to: readonly [height: number, width: number],
  options: { readonly antialias?: boolean } = {},
): Tensor<'float32'> {
  const shape = embedding.shape;
  const dim = shape.at(-1) ?? 0;
  const positive = [...from, ...to].every((size) => Number.isSafeInteger(size) && size > 0);
  if (!positive || shape.length < 2 || sizeOf(shape) !== from[0] * from[1] * dim) {
    throw new VitaminError('USAGE', `Expected position embeddings [1, ${from[0]}·${from[1]}, D] but received [${shape.join(', ')}]`, {
      hint: 'Take a class token off first, and give the grid as [height, width].',
    });
  }
  const samplingsOf = options.antialias === false ? plain : antialiased;
  const wide = resampleAxis(Float64Array.from(embedding.data), from[0], from[1], dim, samplingsOf(from[1], to[1]));
  const both = resampleAxis(wide, 1, from[0], to[1] * dim, samplingsOf(from[0], to[0]));
  return tensor('float32', [...shape.slice(0, -2), to[0] * to[1], dim], Float32Array.from(both));
}
