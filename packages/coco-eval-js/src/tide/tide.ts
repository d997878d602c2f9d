import { DoublePool } from '../coco/pool.ts';
import { sortByScore } from '../coco/sort.ts';
import { CocoEvalError } from '../errors.ts';
import { classifyImage, tideErrorTypes } from './classify.ts';
import type { TideErrorType, TideImage } from './classify.ts';
import { meanAp } from './tide-ap.ts';

/** Thresholds of `tide`. */
export interface TideOptions {
  /** IoU from which a detection is right. Default 0.5. */
  readonly positive?: number;
  /** IoU up to which a detection lies on background. Default 0.1. */
  readonly background?: number;
}

/** AP and gains in AP, 0..1 (tidecv: percent); `null` when there is neither a detection nor a ground truth (tidecv divides by zero there). */
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

/** All images together: one entry a detection in the order of the images, then of the scores. */
interface Collected {
  readonly scores: DoublePool;
  /** Position of the class in the lists below. */
  readonly classes: DoublePool;
  /** 0 false positive, 1 true positive, 2 ignored. */
  readonly states: DoublePool;
  /** Position in `tideErrorTypes`; -1 for true positives. */
  readonly errors: DoublePool;
  /** Class in which the repaired detection is right; -1: it is removed. */
  readonly repairedAs: DoublePool;
  readonly positives: number[];
  readonly unmatched: number[];
  readonly missed: number[];
}

const states = { fp: 0, tp: 1, ignored: 2 } as const;

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
 * console.log(tide([image]).main.Cls); // 1: the class was wrong, the box was right
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
  const collected = collect(images, positive, background);
  const scores = collected.scores.view();
  const rows = new Int32Array(scores.length);
  for (let row = 0; row < rows.length; row++) rows[row] = row;
  const correct = rows.filter((row) => collected.states.data[row] === states.tp);
  const wrong = rows.filter((row) => collected.states.data[row] !== states.tp);
  // Ties: tidecv keeps the order of the images for the plain AP, and puts errors before true positives in every repaired one.
  const ap = apOf(collected, sortByScore(rows, scores));
  const errorsFirst = sortByScore(joined(wrong, correct), scores);
  const gain = (value: number | null): number | null => (value === null || ap === null ? null : value - ap);
  const main = {} as Record<TideErrorType, number | null>;
  const counts = {} as Record<TideErrorType, number>;
  tideErrorTypes.forEach((type, code) => {
    const repaired = gain(apOf(collected, errorsFirst, code, type === 'Miss' ? collected.missed : undefined));
    // A loss comes from the 101 recall points only.
    main[type] = repaired === null ? null : Math.max(0, repaired);
    counts[type] = type === 'Miss' ? total(collected.missed) : wrong.filter((row) => collected.errors.data[row] === code).length;
  });
  const special = {
    FalsePos: gain(apOf(collected, joined(correct, wrong))),
    FalseNeg: gain(apOf(collected, errorsFirst, undefined, collected.unmatched)),
  };
  return { ap, main, special, counts };
}

function total(counts: readonly number[]): number {
  return counts.reduce((sum, count) => sum + count, 0);
}

function joined(a: Int32Array, b: Int32Array): Int32Array {
  const result = new Int32Array(a.length + b.length);
  result.set(a);
  result.set(b, a.length);
  return result;
}

function collect(images: Iterable<TideImage>, positive: number, background: number): Collected {
  const columns = { scores: new DoublePool(), classes: new DoublePool(), states: new DoublePool(), errors: new DoublePool() };
  const repairedAs = new DoublePool();
  const classes = new Map<number, number>();
  const [positives, unmatched, missed]: [number[], number[], number[]] = [[], [], []];
  const classOf = (category: number): number => {
    let k = classes.get(category);
    if (k === undefined) {
      classes.set(category, (k = positives.length));
      for (const list of [positives, unmatched, missed]) list.push(0);
    }
    return k;
  };
  for (const image of images) {
    const found = classifyImage(image, positive, background);
    for (let i = 0; i < image.gtCategories.length; i++) positives[classOf(image.gtCategories[i]!)]!++;
    for (const category of found.unmatched) unmatched[classOf(category)]!++;
    for (const category of found.missed) missed[classOf(category)]!++;
    for (const { category, score, state, error, repairedAs: better } of found.detections) {
      columns.scores.push(score);
      columns.classes.push(classOf(category));
      columns.states.push(states[state]);
      columns.errors.push(error === undefined ? -1 : tideErrorTypes.indexOf(error));
      repairedAs.push(better === undefined ? -1 : classOf(better));
    }
  }
  return { ...columns, repairedAs, positives, unmatched, missed };
}

/** AP in the given order, with the errors of one type repaired, and `lost` ground truths taken off. */
function apOf(collected: Collected, order: Int32Array, repair?: number, lost?: readonly number[]): number | null {
  const [classColumn, stateColumn, errorColumn, repairedColumn] = [
    collected.classes,
    collected.states,
    collected.errors,
    collected.repairedAs,
  ];
  const classes = new Int32Array(order.length);
  const hits = new Uint8Array(order.length);
  for (let row = 0; row < order.length; row++) {
    const repaired = errorColumn.data[row] === repair;
    const state = stateColumn.data[row];
    classes[row] = repaired ? repairedColumn.data[row]! : state === states.ignored ? -1 : classColumn.data[row]!;
    hits[row] = Number(repaired || state === states.tp);
  }
  const positives = Float64Array.from(collected.positives, (count, k) => count - (lost?.[k] ?? 0));
  return meanAp({ order, classes, hits, positives });
}
