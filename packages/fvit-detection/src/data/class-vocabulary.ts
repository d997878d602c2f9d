import type { Detector } from '../detect/detector.ts';
import type { VocabularyOptions } from '../detect/options.ts';
import { type DetectionVocabulary, plainName } from '../encoding/vocabulary.ts';

/** A classifier for the classes of a data set. */
export interface ClassVocabulary {
  readonly vocabulary: DetectionVocabulary;
  /** For each label of the vocabulary the place of its class in the list that was asked for. */
  readonly places: readonly number[];
  /** Whether the classifier is that of the detector's file. */
  readonly isTrained: boolean;
}

/**
 * The classifier of a data set's classes: the one in the detector's file when it was trained with exactly these, in whatever order; else their names by the text tower.
 *
 * @param names - Compared without regard to case and underscores.
 * @throws VitaminError as `Detector.vocabulary`.
 * @example
 * ```ts
 * import { classVocabulary, Detector } from '@vitamin-vlm/fvit-detection';
 * await using detector = await Detector.load('fvit_ovcoco.pth', { tower: 'vitamin-large-336' });
 * const { vocabulary, places } = await classVocabulary(detector, ['cat', 'dog'], { base: ['cat'] });
 * const { detections } = await detector.detect('street.jpg', vocabulary);
 * for (const { class: index, box } of detections) console.log(places[index], box); // 0 for cats, 1 for dogs
 * ```
 */
export async function classVocabulary(
  detector: Pick<Detector, 'model' | 'vocabulary'>,
  names: readonly string[],
  options: VocabularyOptions = {},
): Promise<ClassVocabulary> {
  const placeOf = new Map(names.map((name, i) => [plainName(name), i]));
  const trained = detector.model.classes.map((name) => placeOf.get(plainName(name)));
  const isTrained = trained.length === names.length && new Set(trained).size === names.length && !trained.includes(undefined);
  const labels = names.map((name) => ({ name, synonyms: [name] })); // not parsed: names may hold any letters
  return {
    vocabulary: await detector.vocabulary(isTrained ? undefined : labels, options),
    places: isTrained ? (trained as number[]) : [...names.keys()],
    isTrained,
  };
}
