import type { Identity, Label } from '@vitamin-vlm/backbone';
import { type Tensor, tensor } from '@vitamin-vlm/core';

/** Words as the classifier of a segmenter: plain data, made once per model and list (`Segmenter.vocabulary`). */
export interface SegmentVocabulary {
  /** The model whose text tower made the rows. */
  readonly identity: Identity;
  /** The K classes. */
  readonly labels: readonly Label[];
  /** For each of them whether it can be counted. */
  readonly things: readonly boolean[];
  /** For each of them whether it is scored as seen in training. */
  readonly seen: readonly boolean[];
  /** [rows, E], unit vectors: one for each synonym of each label, in their order. */
  readonly embeddings: Tensor<'float32'>;
}

/**
 * Which rows stand for each label.
 *
 * @returns int64 [K, S]; labels with fewer than S synonyms repeat their first.
 */
export function synonymTable(labels: readonly Label[]): Tensor<'int64'> {
  const width = Math.max(...labels.map(({ synonyms }) => synonyms.length));
  const table = tensor('int64', [labels.length, width]);
  let row = 0;
  for (const [k, { synonyms }] of labels.entries()) {
    for (let s = 0; s < width; s++) table.data[k * width + s] = BigInt(row + (s < synonyms.length ? s : 0));
    row += synonyms.length;
  }
  return table;
}
