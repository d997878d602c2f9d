import { type LabelMap, VitaminError } from '@vitamin-vlm/core';
import { labelLogits, softmax, topK } from '../tasks/classify.ts';
import { labelPixels, type LabelPixelsOptions } from '../tasks/label-pixels.ts';
import type { VocabularyMatrix } from '../text/vocabulary-matrix.ts';
import { checkSameIdentity } from '../load/identity.ts';
import type { ImageEncoding } from './image-encoding.ts';

/** A label and its probability. */
export interface ScoredLabel {
  readonly label: string;
  /** 0..1; the scores of all labels sum to one. */
  readonly score: number;
}

/** What the scores of labels are. */
export interface ClassifyScores {
  /** Factor on the cosines before the softmax: 100 (default), or exp(logit_scale) of the model. */
  readonly scale?: number | undefined;
  /** Cosines of picture and label, which do not depend on the other labels, in place of the softmax over them. */
  readonly cosine?: boolean | undefined;
}

/**
 * What is in a picture: the labels of a vocabulary by probability, best first. The tower is not run.
 *
 * @param options - `top`: how many labels (default all); `scale`: factor on the cosines (default 100).
 * @throws VitaminError `WEIGHTS_MISMATCH` when picture and words are of two models.
 * @example
 * ```ts
 * import { classifyEncoding, loadImageEncoding, type VocabularyMatrix } from '@vitamin-vlm/backbone';
 * async function answer(words: VocabularyMatrix): Promise<void> {
 *   const encoding = await loadImageEncoding('street.safetensors');
 *   for (const { label, score } of classifyEncoding(encoding, words, { top: 3 })) console.log(label, score.toFixed(2));
 * }
 * ```
 */
export function classifyEncoding(
  encoding: ImageEncoding,
  vocabulary: VocabularyMatrix,
  options: ClassifyScores & { readonly top?: number | undefined } = {},
): ScoredLabel[] {
  checkSameIdentity(encoding.identity, vocabulary.identity, 'the picture and the words');
  const { data } = options.cosine
    ? labelLogits(encoding.pooled, vocabulary, 1)
    : softmax(labelLogits(encoding.pooled, vocabulary, options.scale));
  return topK(data, options.top ?? data.length).map(({ index, score }) => ({ label: vocabulary.labels[index]!.name, score }));
}

/**
 * What is where in a picture: one label per pixel, without any training for it. The tower is not run.
 *
 * @throws VitaminError `WEIGHTS_MISMATCH` when picture and words are of two models, `USAGE` when the encoding has no dense map, `ABORTED`.
 * @example
 * ```ts
 * import { loadImageEncoding, segmentEncoding, type VocabularyMatrix } from '@vitamin-vlm/backbone';
 * async function where(words: VocabularyMatrix): Promise<void> {
 *   const map = await segmentEncoding(await loadImageEncoding('street.safetensors'), words);
 *   console.log(words.labels[map.data[0]!]?.name); // the label of the first pixel
 * }
 * ```
 */
export async function segmentEncoding(
  encoding: ImageEncoding,
  vocabulary: VocabularyMatrix,
  options: LabelPixelsOptions = {},
): Promise<LabelMap<Uint16Array>> {
  checkSameIdentity(encoding.identity, vocabulary.identity, 'the picture and the words');
  if (!encoding.dense) {
    throw new VitaminError('USAGE', 'Expected an encoding with a dense map but this one has only the pooled embedding', {
      hint: 'Encode the picture again with the dense map.',
    });
  }
  return await labelPixels(encoding.dense, vocabulary, encoding.geometry, options);
}
