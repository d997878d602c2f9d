import { setImmediate } from 'node:timers/promises';
import { type Tensor, throwIfAborted, VitaminError, type WorkOptions } from '@vitamin-vlm/core';
import { checkSameWidth, dotRows, normalizeRows, rowsOf } from './features.ts';

/** Recall by k, as fractions 0..1. */
export type RecallAt = Readonly<Record<number, number>>;

/** Image-text retrieval in both directions. */
export interface RetrievalRecall {
  /** Share of captions whose own picture is among the k most similar pictures. */
  readonly imageRetrieval: RecallAt;
  /** Share of pictures with at least one own caption among the k most similar captions. */
  readonly textRetrieval: RecallAt;
}

/** What retrieval is measured on. */
export interface RetrievalOptions extends WorkOptions {
  /** Default 1, 5, 10. */
  readonly ks?: readonly number[] | undefined;
}

/**
 * Recall@k of image-text retrieval as CLIP_benchmark counts it. Of equal scores the lower index comes first. A picture without a caption
 * counts as not found. The similarities are never all in memory.
 *
 * @param images - [N, E], need not be normalized.
 * @param texts - [M, E], likewise.
 * @param imageOfText - Length M: the picture that each caption belongs to, 0..N-1.
 * @throws VitaminError `USAGE` for widths, lengths or indices that do not fit; `ABORTED`.
 * @example
 * ```ts
 * import { retrievalRecall } from '@vitamin-vlm/backbone';
 * import { tensor } from '@vitamin-vlm/core';
 * const images = tensor('float32', [2, 2], new Float32Array([1, 0, 0, 1]));
 * const texts = tensor('float32', [2, 2], new Float32Array([2, 1, 1, 3]));
 * const { imageRetrieval } = await retrievalRecall(images, texts, [0, 1]);
 * console.log(imageRetrieval[1]); // 1
 * ```
 */
export async function retrievalRecall(
  images: Tensor<'float32'>,
  texts: Tensor<'float32'>,
  imageOfText: ArrayLike<number>,
  options: RetrievalOptions = {},
): Promise<RetrievalRecall> {
  const { ks = [1, 5, 10], signal, onProgress } = options;
  const { rows: n, dim } = checkSameWidth(images, texts);
  const { rows: m } = rowsOf(texts);
  checkPairs(imageOfText, n, m);
  const image = normalizeRows(images).data;
  const text = normalizeRows(texts).data;
  const best = bestOwnCaptions(image, text, imageOfText, n, dim);
  /** How many captions stand before the best own one, per picture. */
  const textRanks = new Uint32Array(n);
  /** How many pictures stand before the own one, per caption. */
  const imageRanks = new Uint32Array(m);
  for (let i = 0; i < m; i++) {
    const own = imageOfText[i]!;
    const ownScore = dotRows(image, own, text, i, dim);
    for (let j = 0; j < n; j++) {
      const score = dotRows(image, j, text, i, dim);
      if (score > ownScore || (score === ownScore && j < own)) imageRanks[i]!++;
      if (score > best.scores[j]! || (score === best.scores[j]! && i < best.captions[j]!)) textRanks[j]!++;
    }
    if (i % 64 === 63) {
      throwIfAborted(signal);
      onProgress?.({ phase: 'run', done: i + 1, total: m });
      await setImmediate();
    }
  }
  // A picture without a caption never counts as found: its rank is put behind every k.
  for (let j = 0; j < n; j++) if (best.captions[j]! < 0) textRanks[j] = 0xffffffff;
  return {
    imageRetrieval: Object.fromEntries(ks.map((k) => [k, share(imageRanks, k)])),
    textRetrieval: Object.fromEntries(ks.map((k) => [k, share(textRanks, k)])),
  };
}

/** Share of ranks below k. */
function share(ranks: Uint32Array, k: number): number {
  return ranks.reduce((found, rank) => found + Number(rank < k), 0) / ranks.length;
}

/** The most similar own caption of every picture; -1 where there is none. */
function bestOwnCaptions(
  image: Float32Array,
  text: Float32Array,
  imageOfText: ArrayLike<number>,
  n: number,
  dim: number,
): { scores: Float64Array; captions: Int32Array } {
  const scores = new Float64Array(n).fill(Number.NEGATIVE_INFINITY);
  const captions = new Int32Array(n).fill(-1);
  for (let i = 0; i < imageOfText.length; i++) {
    const own = imageOfText[i]!;
    const score = dotRows(image, own, text, i, dim);
    if (score > scores[own]!) {
      scores[own] = score;
      captions[own] = i;
    }
  }
  return { scores, captions };
}

function checkPairs(imageOfText: ArrayLike<number>, n: number, m: number): void {
  if (imageOfText.length !== m || m === 0) {
    throw new VitaminError('USAGE', `Expected one picture index for each of ${m} captions but received ${imageOfText.length}`);
  }
  const bad = Array.from(imageOfText).find((index) => !Number.isInteger(index) || index < 0 || index >= n);
  if (bad !== undefined) throw new VitaminError('USAGE', `Expected picture indices from 0 to ${n - 1} but received ${bad}`);
}
