import { sizeOf, type Tensor, tensor, VitaminError } from '@vitamin-vlm/core';

/** Length of the last axis, E, and the number of rows before it. */
export function rowsOf({ shape }: Tensor): { rows: number; dim: number } {
  const dim = shape.at(-1) ?? 0;
  return { rows: sizeOf(shape.slice(0, -1)), dim };
}

/** Dot product of row `a` of one matrix and row `b` of another, both E long. Four sums, so that additions do not wait for each other. */
export function dotRows(left: Float32Array, a: number, right: Float32Array, b: number, dim: number): number {
  const i = a * dim;
  const j = b * dim;
  let s0 = 0;
  let s1 = 0;
  let s2 = 0;
  let s3 = 0;
  let e = 0;
  for (; e + 3 < dim; e += 4) {
    s0 += left[i + e]! * right[j + e]!;
    s1 += left[i + e + 1]! * right[j + e + 1]!;
    s2 += left[i + e + 2]! * right[j + e + 2]!;
    s3 += left[i + e + 3]! * right[j + e + 3]!;
  }
  for (; e < dim; e++) s0 += left[i + e]! * right[j + e]!;
  return s0 + s1 + s2 + s3;
}

/**
 * Divides each row by its length, as `torch.nn.functional.normalize` does: a zero row stays zero.
 *
 * @param features - [..., E]. Returns a new tensor of the same shape.
 * @example
 * ```ts
 * import { normalizeRows } from '@vitamin-vlm/backbone';
 * import { tensor } from '@vitamin-vlm/core';
 * const unit = normalizeRows(tensor('float32', [1, 2], new Float32Array([3, 4]))); // 0.6, 0.8
 * ```
 */
export function normalizeRows(features: Tensor<'float32'>): Tensor<'float32'> {
  const { rows, dim } = rowsOf(features);
  const data = Float32Array.from(features.data);
  for (let row = 0; row < rows; row++) {
    const norm = Math.max(Math.sqrt(dotRows(data, row, data, row, dim)), 1e-12);
    for (let i = row * dim; i < (row + 1) * dim; i++) data[i]! /= norm;
  }
  return tensor('float32', features.shape, data);
}

/**
 * One embedding per name from the embeddings of its prompts: normalize each, take the mean, normalize again.
 *
 * @param features - [N·P, E]: P prompts of the first name, then P of the second, and so on.
 * @param prompts - P.
 * @returns [N, E], rows of length one.
 * @throws VitaminError `USAGE` when the rows are no multiple of P.
 * @example
 * ```ts
 * import { ensemblePrompts } from '@vitamin-vlm/backbone';
 * import { tensor } from '@vitamin-vlm/core';
 * const features = tensor('float32', [14, 768]); // two names in seven prompts each
 * console.log(ensemblePrompts(features, 7).shape); // [ 2, 768 ]
 * ```
 */
export function ensemblePrompts(features: Tensor<'float32'>, prompts: number): Tensor<'float32'> {
  const { rows, dim } = rowsOf(features);
  if (!(prompts >= 1) || rows % prompts !== 0) {
    throw new VitaminError('USAGE', `Expected a multiple of ${prompts} prompt embeddings but received ${rows}`);
  }
  const unit = normalizeRows(features).data;
  const mean = tensor('float32', [rows / prompts, dim]);
  for (let row = 0; row < rows; row++) {
    const to = Math.floor(row / prompts) * dim;
    for (let e = 0; e < dim; e++) mean.data[to + e]! += unit[row * dim + e]! / prompts;
  }
  return normalizeRows(mean);
}

/**
 * Cosine of every row of one matrix with every row of another.
 *
 * @param left - [N, E] (or [E], one row).
 * @param right - [M, E].
 * @returns [N, M], -1..1.
 * @throws VitaminError `USAGE` when the widths differ.
 * @example
 * ```ts
 * import { cosineSimilarity } from '@vitamin-vlm/backbone';
 * import { tensor } from '@vitamin-vlm/core';
 * const images = tensor('float32', [3, 768]);
 * const texts = tensor('float32', [5, 768]);
 * console.log(cosineSimilarity(images, texts).shape); // [ 3, 5 ]
 * ```
 */
export function cosineSimilarity(left: Tensor<'float32'>, right: Tensor<'float32'>): Tensor<'float32'> {
  const { rows, dim } = checkSameWidth(left, right);
  const { rows: columns } = rowsOf(right);
  const a = normalizeRows(left).data;
  const b = normalizeRows(right).data;
  const out = tensor('float32', [rows, columns]);
  for (let i = 0, at = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) out.data[at++] = dotRows(a, i, b, j, dim);
  }
  return out;
}

/** Rows and width of `left`, which `right` must share. */
export function checkSameWidth(left: Tensor, right: Tensor): { rows: number; dim: number } {
  const { rows, dim } = rowsOf(left);
  const other = rowsOf(right).dim;
  if (dim === other) return { rows, dim };
  throw new VitaminError('USAGE', `Expected embeddings of equal width but received ${dim} and ${other}`, {
    hint: 'Both must come from the two towers of one model.',
  });
}
