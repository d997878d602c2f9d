import { categoryMean } from '../coco/per-category.ts';
import type { Evaluation } from '../coco/evaluation.ts';
import type { MatchProgress } from '../coco/match-table.ts';
import { CocoEvalError, throwIfAborted } from '../errors.ts';
import { splitEvaluation } from '../splits/evaluate-split.ts';
import type { CategorySplit } from '../splits/split.ts';
import { drawWeights, type Interval, intervalOf, random } from './bootstrap.ts';
import { type MetricPlan, planMetrics, valueOf } from './metrics.ts';
import { type CategoryNumbers, Resampler } from './resample.ts';

/** Resamples times classes times models: 1 GiB. */
const MAX_DRAWN = 2 ** 27;

/** How evaluations are compared. */
export interface CompareOptions extends MatchProgress {
  /** Resamples of the images; 1000 by default, 0: no intervals. */
  readonly samples?: number | undefined;
  /** Of the generator: the same seed gives the same intervals. 1 by default. */
  readonly seed?: number | undefined;
  /** Share of the resamples inside of an interval; 0.95 by default. */
  readonly confidence?: number | undefined;
  /** Groups of categories whose means are compared too. */
  readonly split?: CategorySplit | undefined;
}

/** How much more one evaluation reaches than the first. */
export interface Difference {
  /** Null where one of the two has no number. */
  readonly value: number | null;
  /** Of the same difference over resamples of the images; null without resamples, and for limits other than the largest. */
  readonly interval: Interval | null;
}

/** One number of all evaluations. */
export interface ComparedMetric {
  readonly name: string;
  /** 0..1, null where nothing counts. */
  readonly values: readonly (number | null)[];
  /** Of the second and later ones from the first. */
  readonly differences: readonly Difference[];
}

/** AP of one category. */
export interface ComparedCategory extends ComparedMetric {
  readonly id: number | string;
  readonly groundTruths: number;
}

/** Evaluations of the same images, side by side. */
export interface Comparison {
  readonly samples: number;
  readonly seed: number;
  readonly confidence: number;
  readonly metrics: readonly ComparedMetric[];
  /** AP in order of `catIds`. */
  readonly perCategory: readonly ComparedCategory[];
}

/**
 * Differences between evaluations of the same data by the same parameters, each with its interval of a paired bootstrap: images are drawn with replacement, the
 * same for all evaluations, and every number is made anew of them. An interval that holds 0 is a difference that other images might turn round.
 *
 * @param evaluations two or more; differences are from the first
 * @throws CocoEvalError `USAGE` when they were not made by the same parameters, or for options that make no sense; `LIMIT` for too many resamples
 * @example
 * ```ts
 * import { compareEvaluations, evaluate, type Dataset, type Result } from 'coco-eval-js';
 * function isBetter(dataset: Dataset, before: Result[], after: Result[]): boolean {
 *   const [a, b] = [before, after].map((results) => evaluate(dataset, results, { iouType: 'bbox' }));
 *   const ap = compareEvaluations([a!, b!]).metrics.find(({ name }) => name === 'AP')!;
 *   return (ap.differences[0]?.interval?.low ?? 0) > 0;
 * }
 * ```
 */
export function compareEvaluations(evaluations: readonly Evaluation[], options: CompareOptions = {}): Comparison {
  const { samples = 1000, seed = 1, confidence = 0.95, split } = options;
  checkSame(evaluations);
  const [first] = evaluations as [Evaluation];
  const classes = first.table.dtCategory.length - 1;
  checkOptions(samples, seed, confidence, classes * evaluations.length);
  const plans = planMetrics(first, split);
  const drawn = samples > 0 ? drawAll(evaluations, plans, samples, seed, options) : undefined;
  const named = evaluations.map((evaluation) => (split ? splitEvaluation(evaluation, split).metrics : evaluation.metrics));
  const metrics = plans.map(({ name, ...plan }, i): ComparedMetric => {
    const values = named.map((own) => (own[name]! < 0 ? null : own[name]!));
    return {
      name,
      values,
      differences: differencesOf(values, 'request' in plan ? drawn?.metrics.map((own) => own[i]!) : undefined, confidence),
    };
  });
  const rows = evaluations.map((evaluation) => evaluation.perCategory());
  const perCategory = rows[0]!.map(({ id, name, groundTruths }, k): ComparedCategory => {
    const values = evaluations.map(({ curves }) => categoryMean(curves, curves.precision, k, 0));
    const own = drawn?.categories.map((all) => all.subarray(k * samples, (k + 1) * samples));
    return { id, name, groundTruths, values, differences: differencesOf(values, own, confidence) };
  });
  return { samples, seed, confidence, metrics, perCategory };
}

/** Of the second and later values from the first; `drawn` holds the same values of every resample. */
function differencesOf(values: readonly (number | null)[], drawn: readonly Float64Array[] | undefined, confidence: number): Difference[] {
  const [first] = values;
  return values.slice(1).map((value, i) => {
    const known = typeof first === 'number' && typeof value === 'number';
    const own = drawn && known ? drawn[i + 1]!.map((other, s) => other - drawn[0]![s]!) : undefined;
    return { value: known ? value - first : null, interval: own ? intervalOf(own, confidence) : null };
  });
}

/** What every resample gives, for each evaluation. */
interface Drawn {
  /** A list for each metric. */
  readonly metrics: readonly (readonly Float64Array[])[];
  /** AP of category k in resample s at `k * samples + s`. */
  readonly categories: readonly Float64Array[];
}

function drawAll(
  evaluations: readonly Evaluation[],
  plans: readonly MetricPlan[],
  samples: number,
  seed: number,
  progress: MatchProgress,
): Drawn {
  const [{ params, table }] = evaluations as [Evaluation];
  const classes = table.dtCategory.length - 1;
  const areas = [...new Set([0, ...plans.flatMap(({ request }) => (request ? [request.area] : []))])];
  const drawers = evaluations.map((evaluation) => areas.map((area) => new Resampler(evaluation, area)));
  const size = table.thresholds * classes;
  const numbers = new Map<number, CategoryNumbers>(
    areas.map((area) => [area, { ap: new Float64Array(size), recall: new Float64Array(size) }]),
  );
  const metrics = evaluations.map(() => plans.map(() => new Float64Array(samples)));
  const categories = evaluations.map(() => new Float64Array(samples * classes));
  const weights = new Int32Array(params.imgIds.length);
  const next = random(seed);
  for (let s = 0; s < samples; s++) {
    throwIfAborted(progress.signal);
    progress.onProgress?.({ done: s, total: samples });
    drawWeights(next, weights);
    drawers.forEach((own, e) => {
      areas.forEach((area, i) => own[i]!.draw(weights, numbers.get(area)!));
      plans.forEach(({ request }, m) => {
        if (request) metrics[e]![m]![s] = valueOf(request, numbers.get(request.area)!, classes);
      });
      for (let k = 0; k < classes; k++) categories[e]![k * samples + s] = meanOfCategory(numbers.get(0)!.ap, k, classes);
    });
  }
  return { metrics, categories };
}

function meanOfCategory(ap: Float64Array, k: number, classes: number): number {
  let sum = 0;
  for (let i = k; i < ap.length; i += classes) sum += ap[i]!;
  return (sum * classes) / ap.length;
}

/** What evaluations must share. */
function conditionsOf({ params, scheme, context }: Evaluation): string {
  return JSON.stringify([params, scheme.name, context.keys.list().map(String)]);
}

function checkSame(evaluations: readonly Evaluation[]): void {
  if (evaluations.length < 2) throw new CocoEvalError('USAGE', `Expected two evaluations or more but received ${evaluations.length}`);
  const wanted = conditionsOf(evaluations[0]!);
  const other = evaluations.findIndex((evaluation) => conditionsOf(evaluation) !== wanted);
  if (other > 0) {
    throw new CocoEvalError(
      'USAGE',
      `Expected evaluations of the same images by the same parameters but that at ${other} differs from the first`,
    );
  }
}

function checkOptions(samples: number, seed: number, confidence: number, perSample: number): void {
  if (!Number.isInteger(samples) || samples < 0)
    throw new CocoEvalError('USAGE', `Expected a number of resamples from 0 but received ${samples}`);
  if (!Number.isInteger(seed)) throw new CocoEvalError('USAGE', `Expected a whole number as seed but received ${seed}`);
  if (!(confidence > 0 && confidence < 1)) {
    throw new CocoEvalError('USAGE', `Expected a confidence between 0 and 1 but received ${confidence}`, {
      hint: 'The usual one is 0.95.',
    });
  }
  if (samples * perSample > MAX_DRAWN) {
    const most = Math.floor(MAX_DRAWN / perSample);
    throw new CocoEvalError('LIMIT', `Expected at most ${most} resamples for so many classes and evaluations but received ${samples}`);
  }
}
