import type { Label } from '@vitamin-vlm/backbone';
import type { Tensor } from '@vitamin-vlm/core';

/** Words, or pictures, as the classifier of a detector: plain data, made once per model and vocabulary (`Detector.vocabulary`). */
export interface DetectionVocabulary {
  /** Identity of the text tower that made the rows, or of the detector whose own classes they are. */
  readonly model: string;
  /** The K classes that can be detected. */
  readonly labels: readonly Label[];
  /** For each of the K classes whether it is scored as seen in training. */
  readonly base: readonly boolean[];
  /**
   * [rows, E], unit vectors: one row per synonym of each label, in their order; then what is not wanted, one row each; the last row is the background.
   */
  readonly embeddings: Tensor<'float32'>;
}
