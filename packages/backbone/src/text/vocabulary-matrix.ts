import type { Tensor } from '@vitamin-vlm/core';
import type { Identity } from '../load/identity.ts';
import type { Label } from './labels.ts';

/** Labels made into vectors by a text tower, a classifier: plain data, made once per model and list of labels. */
export interface VocabularyMatrix {
  /** The model whose text tower made it. Only pictures of the same tower and head can be asked with it. */
  readonly identity: Identity;
  /** K of them. */
  readonly labels: readonly Label[];
  /** [R, E], rows of length one: one per synonym, in the order of the labels. R >= K. */
  readonly embeddings: Tensor<'float32'>;
}

/** Best of the synonyms: values per row to values per label, in the order of the labels. */
export function maxOverSynonyms(labels: readonly Label[], byRow: Float32Array, byLabel: Float32Array): void {
  let row = 0;
  labels.forEach(({ synonyms }, k) => {
    let best = Number.NEGATIVE_INFINITY;
    for (let end = row + synonyms.length; row < end; row++) best = Math.max(best, byRow[row]!);
    byLabel[k] = best;
  });
}
