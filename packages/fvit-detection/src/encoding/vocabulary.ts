import { type Identity, type Label, type VocabularyMatrix } from '@vitamin-vlm/backbone';
import { type Tensor, tensor } from '@vitamin-vlm/core';

/** Words, or pictures, as the classifier of a detector: plain data, made once per model and list (`Detector.vocabulary`). */
export interface DetectionVocabulary {
  /** The model whose text tower made the rows, or the detector whose own classes they are. */
  readonly identity: Identity;
  /** The K classes that can be detected. */
  readonly labels: readonly Label[];
  /** For each of the K classes whether it is scored as seen in training. */
  readonly base: readonly boolean[];
  /** [rows, E], unit vectors: one for each synonym of each label, in their order; then one for each thing that is not wanted; the last is the background. */
  readonly embeddings: Tensor<'float32'>;
}

/** Puts rows one below the other. All have E numbers. */
export function stackRows(width: number, parts: readonly Float32Array[]): Tensor<'float32'> {
  const data = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    data.set(part, at);
    at += part.length;
  }
  return tensor('float32', [data.length / width, width], data);
}

/** How many rows the labels have, one for each of their synonyms. */
export function rowsOf(labels: readonly Label[]): number {
  return labels.reduce((sum, { synonyms }) => sum + synonyms.length, 0);
}

/**
 * Which rows stand for each column of the scores: the labels, each with its synonyms, then what is not wanted and the background.
 *
 * @returns int64 [columns, S]; labels with fewer than S synonyms repeat their first.
 */
export function synonymTable({
  labels,
  embeddings,
}: Pick<DetectionVocabulary, 'labels'> & Pick<VocabularyMatrix, 'embeddings'>): Tensor<'int64'> {
  const counts = [...labels.map(({ synonyms }) => synonyms.length), ...Array<number>(embeddings.shape[0]! - rowsOf(labels)).fill(1)];
  const width = Math.max(...counts);
  const table = tensor('int64', [counts.length, width]);
  let row = 0;
  for (const [column, count] of counts.entries()) {
    for (let s = 0; s < width; s++) table.data[column * width + s] = BigInt(row + (s < count ? s : 0));
    row += count;
  }
  return table;
}

/** Class names compared as prompts write them: `Tree_House` is "tree house". */
export function plainName(name: string): string {
  return name.replaceAll('_', ' ').trim().toLowerCase();
}
