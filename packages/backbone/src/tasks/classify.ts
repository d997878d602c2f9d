import { type Tensor, tensor } from '@vitamin-vlm/core';
import { maxOverSynonyms, type VocabularyMatrix } from '../text/vocabulary-matrix.ts';
import { cosineSimilarity, rowsOf } from './features.ts';

/** The factor that CLIP's zero-shot classifiers use instead of the learned temperature. */
export const DEFAULT_SCALE = 100;

/**
 * Zero-shot logits: cosine of picture and label (the best of its synonyms) times a scale.
 *
 * @param images - [N, E] or [E]; need not be normalized.
 * @param scale - 100 (default), or exp(logit_scale) of the model for calibrated probabilities.
 * @returns [N, K].
 * @throws VitaminError `USAGE` when images and words differ in width.
 * @example
 * ```ts
 * import { labelLogits, softmax, type VocabularyMatrix } from '@vitamin-vlm/backbone';
 * import type { Tensor } from '@vitamin-vlm/core';
 * function probabilities(images: Tensor<'float32'>, words: VocabularyMatrix): Tensor<'float32'> {
 *   return softmax(labelLogits(images, words)); // [N, K]
 * }
 * ```
 */
export function labelLogits(images: Tensor<'float32'>, vocabulary: VocabularyMatrix, scale: number = DEFAULT_SCALE): Tensor<'float32'> {
  const cosines = cosineSimilarity(images, vocabulary.embeddings);
  const { rows, dim } = rowsOf(cosines);
  const count = vocabulary.labels.length;
  const logits = tensor('float32', [rows, count]);
  for (let n = 0; n < rows; n++) {
    maxOverSynonyms(vocabulary.labels, cosines.data.subarray(n * dim, (n + 1) * dim), logits.data.subarray(n * count, (n + 1) * count));
  }
  for (let i = 0; i < logits.data.length; i++) logits.data[i]! *= scale;
  return logits;
}

/**
 * Softmax over the last axis: probabilities that sum to one in each row. Safe for large logits.
 *
 * @example
 * ```ts
 * import { softmax } from '@vitamin-vlm/backbone';
 * import { tensor } from '@vitamin-vlm/core';
 * console.log(softmax(tensor('float32', [1, 2])).data); // 0.5, 0.5
 * ```
 */
export function softmax(logits: Tensor<'float32'>): Tensor<'float32'> {
  const { rows, dim } = rowsOf(logits);
  const data = new Float32Array(logits.data.length);
  for (let row = 0; row < rows; row++) {
    const from = logits.data.subarray(row * dim, (row + 1) * dim);
    const to = data.subarray(row * dim, (row + 1) * dim);
    const max = from.reduce((best, value) => Math.max(best, value), Number.NEGATIVE_INFINITY);
    let sum = 0;
    for (const value of from) sum += Math.exp(value - max);
    for (let i = 0; i < dim; i++) to[i] = Math.exp(from[i]! - max) / sum;
  }
  return tensor('float32', logits.shape, data);
}

/** A place in a list of scores. */
export interface Ranked {
  readonly index: number;
  readonly score: number;
}

/**
 * The k highest scores, best first; equal scores keep their order. Fewer when there are fewer.
 *
 * @example
 * ```ts
 * import { topK } from '@vitamin-vlm/backbone';
 * console.log(topK([0.1, 0.7, 0.2], 2)); // [ { index: 1, score: 0.7 }, { index: 2, score: 0.2 } ]
 * ```
 */
export function topK(scores: ArrayLike<number>, k: number): Ranked[] {
  return Array.from(scores, (score, index) => ({ index, score }))
    .toSorted((a, b) => b.score - a.score)
    .slice(0, k);
}
