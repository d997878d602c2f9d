import { CocoEvalError } from '../errors.ts';
import { classifyImage, tideErrorTypes } from './classify.ts';
import type { TideDetection, TideErrorType, TideImage } from './classify.ts';
import { meanAp } from './tide-ap.ts';
import type { ClassHits } from './tide-ap.ts';

/** Thresholds of `tide`. */
export interface TideOptions {
  /** IoU from which a detection is right. Default 0.5. */
  readonly positive?: number;
  /** IoU up to which a detection lies on background. Default 0.1. */
  readonly background?: number;
}

/** AP and gains in AP, 0..100; `null` when there is neither a detection nor a ground truth (tidecv divides by zero there). */
export interface TideResult {
  /** Differs from COCO's AP at the same IoU: classes without ground truth count as 0. */
  readonly ap: number | null;
  /** AP gained if all errors of the type were repaired. */
  readonly main: Readonly<Record<TideErrorType, number | null>>;
  readonly special: {
    /** AP gained if every false positive scored below every true positive. */
    readonly FalsePos: number | null;
    /** AP gained if no ground truth were missed. */
    readonly FalseNeg: number | null;
  };
  readonly counts: Readonly<Record<TideErrorType, number>>;
}

interface Collected {
  /** In the order of the images, then of the scores. */
  readonly detections: TideDetection[];
  /** Ground truths, unmatched and missed ones of each category, in order of appearance. */
  readonly classes: Map<number, { positives: number; unmatched: number; missed: number }>;
}

/**
 * TIDE error analysis (Bolya et al. 2020; tidecv 1.0): how much AP each kind of mistake costs.
 *
 * @param images - every image of the ground truth, in file order
 * @throws CocoEvalError `USAGE` when 0 <= background <= positive <= 1 does not hold
 *
 * @example
 * ```ts
 * import { tide } from 'coco-eval-js';
 * const image = {
 *   gtCategories: [1], dtCategories: [2], dtScores: [0.9], iou: Float64Array.of(0.8), crowdCategories: [], crowdIou: new Float64Array(0),
 * };
 * console.log(tide([image]).main.Cls); // 100: the class was wrong, the box was right
 * ```
 */
export function tide(images: Iterable<TideImage>, options: TideOptions = {}): TideResult {
  const { positive = 0.5, background = 0.1 } = options;
  if (!(background >= 0 && background <= positive && positive <= 1)) {
    throw new CocoEvalError(
      'USAGE',
      `Expected 0 <= background <= positive <= 1 but received background ${background} and positive ${positive}`,
    );
  }
  const collected: Collected = { detections: [], classes: new Map() };
  for (const image of images) collect(collected, image, positive, background);

  const { detections } = collected;
  const correct = detections.filter(({ state }) => state === 'tp');
  const wrong = detections.filter(({ state }) => state !== 'tp');
  // Ties: tidecv keeps the order of the images for the plain AP, and puts errors before true positives in every repaired one.
  const ap = meanAp(hitsOf(collected, detections.toSorted(byScore)));
  const errorsFirst = [...wrong, ...correct].toSorted(byScore);
  const gain = (value: number | null): number | null => (value === null || ap === null ? null : value - ap);
  const main = {} as Record<TideErrorType, number | null>;
  const counts = {} as Record<TideErrorType, number>;
  for (const type of tideErrorTypes) {
    const repaired = gain(meanAp(hitsOf(collected, errorsFirst, type)));
    // A loss comes from the 101 recall points only.
    main[type] = repaired === null ? null : Math.max(0, repaired);
    counts[type] = type === 'Miss' ? sum(collected, 'missed') : wrong.filter(({ error }) => error === type).length;
  }
  const special = {
    FalsePos: gain(meanAp(hitsOf(collected, [...correct, ...wrong]))),
    FalseNeg: gain(meanAp(hitsOf(collected, errorsFirst, undefined, 'unmatched'))),
  };
  return { ap, main, special, counts };
}

function byScore(a: TideDetection, b: TideDetection): number {
  return b.score - a.score;
}

function collect({ detections, classes }: Collected, image: TideImage, positive: number, background: number): void {
  const found = classifyImage(image, positive, background);
  const classOf = (category: number): { positives: number; unmatched: number; missed: number } => {
    let counts = classes.get(category);
    if (!counts) classes.set(category, (counts = { positives: 0, unmatched: 0, missed: 0 }));
    return counts;
  };
  for (let i = 0; i < image.gtCategories.length; i++) classOf(image.gtCategories[i]!).positives++;
  for (const category of found.unmatched) classOf(category).unmatched++;
  for (const category of found.missed) classOf(category).missed++;
  for (const detection of found.detections) {
    classOf(detection.category);
    detections.push(detection);
  }
}

function sum({ classes }: Collected, key: 'missed' | 'unmatched'): number {
  let total = 0;
  for (const counts of classes.values()) total += counts[key];
  return total;
}

/** The classes' hits from `ordered`, with the errors of one type repaired, and ground truths that are given up taken off. */
function hitsOf({ classes }: Collected, ordered: readonly TideDetection[], repair?: TideErrorType, givenUp?: 'unmatched'): ClassHits[] {
  const result = new Map<number, ClassHits>();
  for (const [category, counts] of classes) {
    const lost = repair === 'Miss' ? counts.missed : givenUp ? counts.unmatched : 0;
    result.set(category, { hits: [], positives: counts.positives - lost });
  }
  for (const { category, state, error, repairedAs } of ordered) {
    if (error && error === repair) {
      if (repairedAs !== undefined) result.get(repairedAs)!.hits.push(1);
    } else if (state !== 'ignored') {
      result.get(category)!.hits.push(state === 'tp' ? 1 : 0);
    }
  }
  return [...result.values()];
}
