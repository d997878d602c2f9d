import { CocoEvalError, describe } from '../errors.ts';
import { type Id, IdKeys, isExact } from './id-keys.ts';
import type { Dataset, EvaluationContext, IouType, Mode } from './types.ts';

/** Inclusive bounds of a size class in pixels. */
export type AreaRange = readonly [low: number, high: number];

/** All parameters of an evaluation, checked and in the order the reference puts them. */
export interface EvalParams {
  readonly iouType: IouType;
  readonly mode: Mode;
  /** Ascending. Beyond 2^53 stands a number for an id that is text or larger: `Evaluation.idOf` tells it. */
  readonly imgIds: readonly number[];
  /** The same of categories; in the given order when categories are not used. */
  readonly catIds: readonly number[];
  readonly iouThrs: readonly number[];
  readonly recThrs: readonly number[];
  /** Ascending; the largest caps how many detections of an image and category are matched. */
  readonly maxDets: readonly number[];
  readonly areaRng: readonly AreaRange[];
  readonly areaRngLbl: readonly string[];
  /** false: all categories are compared as one. */
  readonly useCats: boolean;
  /** Standard deviation of each keypoint, relative to the object's scale. */
  readonly kptOksSigmas: readonly number[];
}

/** What a caller may set; everything else takes the reference's defaults. */
export type EvalParamsInput = { readonly [P in Exclude<keyof EvalParams, 'imgIds' | 'catIds'>]?: EvalParams[P] | undefined } & {
  readonly imgIds?: readonly Id[] | undefined;
  readonly catIds?: readonly Id[] | undefined;
};

const MAX_PIXELS_SQUARED = 1e5 ** 2;
/** Precision and scores hold one number for each threshold, recall point, category, size and limit: 2 GiB each. */
const MAX_CURVE_POINTS = 2 ** 28;
const SMALL = 32 ** 2;
const MEDIUM = 96 ** 2;

/** `numpy.linspace(.5, .95, 10)`: step first, then multiplied; index 8 is 0.8999999999999999. */
export const DEFAULT_IOU_THRS: readonly number[] = Array.from({ length: 10 }, (_, i) => (i === 9 ? 0.95 : 0.5 + i * ((0.95 - 0.5) / 9)));
/** `numpy.linspace(0, 1, 101)`: i * 0.01 differs from i / 100 in ten places. */
export const DEFAULT_REC_THRS: readonly number[] = Array.from({ length: 101 }, (_, i) => (i === 100 ? 1 : i * 0.01));
/** The 17 COCO person keypoints. */
export const COCO_SIGMAS: readonly number[] = [
  0.26, 0.25, 0.25, 0.35, 0.35, 0.79, 0.79, 0.72, 0.72, 0.62, 0.62, 1.07, 1.07, 0.87, 0.87, 0.89, 0.89,
].map((s) => s / 10);

const DETECTION_AREAS: readonly (readonly [string, AreaRange])[] = [
  ['all', [0, MAX_PIXELS_SQUARED]],
  ['small', [0, SMALL]],
  ['medium', [SMALL, MEDIUM]],
  ['large', [MEDIUM, MAX_PIXELS_SQUARED]],
];

/**
 * The reference's parameters for a kind of evaluation (cocoeval.py, Params), with all images and categories of a data set.
 *
 * @example
 * ```ts
 * import { defaultParams } from 'coco-eval-js';
 * const params = defaultParams('bbox', { images: [{ id: 1 }], categories: [{ id: 7 }] });
 * console.log(params.maxDets, params.areaRngLbl); // [1, 10, 100] ["all", "small", "medium", "large"]
 * ```
 */
export function defaultParams(iouType: IouType, dataset: Pick<Dataset, 'images' | 'categories'>, keys: IdKeys = new IdKeys()): EvalParams {
  const areas = iouType === 'keypoints' ? DETECTION_AREAS.filter(([label]) => label !== 'small') : DETECTION_AREAS;
  return {
    iouType,
    mode: 'reference',
    imgIds: keys.sorted(dataset.images.map((image) => keys.key(image.id))),
    catIds: keys.sorted(dataset.categories.map((category) => keys.key(category.id))),
    iouThrs: DEFAULT_IOU_THRS,
    recThrs: DEFAULT_REC_THRS,
    maxDets: iouType === 'keypoints' ? [20] : [1, 10, 100],
    areaRng: areas.map(([, range]) => range),
    areaRngLbl: areas.map(([label]) => label),
    useCats: true,
    kptOksSigmas: COCO_SIGMAS,
  };
}

/** Fills in defaults, sorts as the reference does and checks every value. Throws `USAGE`. */
export function resolveParams(input: EvalParamsInput, context: EvaluationContext): EvalParams {
  const { keys } = context;
  const iouType = input.iouType ?? 'segm';
  if (!['bbox', 'segm', 'boundary', 'keypoints'].includes(iouType)) {
    throw new CocoEvalError('USAGE', `Expected iouType "bbox", "segm", "boundary" or "keypoints" but received ${describe(iouType)}`);
  }
  const defaults = defaultParams(iouType, context, keys);
  const given = Object.fromEntries(Object.entries(input).filter(([, value]) => value !== undefined)) as Partial<EvalParams>;
  const chosen = { ...defaults, ...given };
  const params: EvalParams = { ...chosen, imgIds: keysOf('imgIds', chosen.imgIds, keys), catIds: keysOf('catIds', chosen.catIds, keys) };
  if (params.mode !== 'reference' && params.mode !== 'fixed') {
    throw new CocoEvalError('USAGE', `Expected mode "reference" or "fixed" but received ${describe(params.mode)}`);
  }
  checkNumbers('iouThrs', params.iouThrs);
  checkNumbers('recThrs', params.recThrs);
  checkNumbers('kptOksSigmas', params.kptOksSigmas);
  checkNumbers('maxDets', params.maxDets);
  checkAreas(params, input.areaRng !== undefined);
  for (const [name, list] of [
    ['iouThrs', params.iouThrs],
    ['maxDets', params.maxDets],
  ] as const) {
    if (list.length === 0) throw new CocoEvalError('USAGE', `Expected at least one number in ${name} but received none`);
  }
  const limit = params.maxDets.find((m) => !Number.isInteger(m) || m < 0);
  if (limit !== undefined) throw new CocoEvalError('USAGE', `Expected maxDets of whole numbers >= 0 but received ${limit}`);
  // Without categories the given order decides between equal scores, so it stays (cocoeval.py, computeIoU).
  const catIds = params.useCats ? keys.sorted(params.catIds) : [...params.catIds];
  checkCurves(params, params.useCats ? catIds.length : 1);
  return {
    ...params,
    imgIds: keys.sorted(params.imgIds),
    catIds,
    maxDets: params.maxDets.toSorted((a, b) => a - b),
    // Finite, so that parameters survive JSON.
    areaRng: params.areaRng.map(([low, high]): AreaRange => [Math.max(low, -Number.MAX_VALUE), Math.min(high, Number.MAX_VALUE)]),
    areaRngLbl: params.areaRng.map((_, i) => params.areaRngLbl[i] ?? `range${i}`),
  };
}

function checkNumbers(name: string, list: readonly number[]): void {
  if (!Array.isArray(list)) throw new CocoEvalError('USAGE', `Expected a list of numbers for ${name} but received ${describe(list)}`);
  const wrong = list.findIndex((value) => typeof value !== 'number' || !Number.isFinite(value));
  if (wrong >= 0) throw new CocoEvalError('USAGE', `Expected finite numbers in ${name} but ${name}[${wrong}] is ${describe(list[wrong])}`);
}

function keysOf(name: string, ids: readonly Id[], keys: IdKeys): number[] {
  if (!Array.isArray(ids)) throw new CocoEvalError('USAGE', `Expected a list of ids for ${name} but received ${describe(ids)}`);
  return (ids as readonly Id[]).map((id, i) => {
    const fits = typeof id === 'string' || typeof id === 'bigint' || (typeof id === 'number' && (isExact(id) || keys.id(id) !== id));
    if (!fits) {
      throw new CocoEvalError(
        'USAGE',
        `Expected ids (numbers, text, or bigint beyond 2^53) in ${name} but ${name}[${i}] is ${describe(id)}`,
      );
    }
    return keys.key(id);
  });
}

/** Before anything of that size is made. */
function checkCurves({ iouThrs, recThrs, areaRng, maxDets }: EvalParams, categories: number): void {
  const factors = [iouThrs.length, recThrs.length, categories, areaRng.length, maxDets.length];
  const points = factors.reduce((product, factor) => product * factor, 1);
  if (points <= MAX_CURVE_POINTS) return;
  throw new CocoEvalError(
    'LIMIT',
    `Expected at most ${MAX_CURVE_POINTS} curve points but ${factors.join(' x ')} (IoU thresholds, recall points, categories, area ranges, limits) are ${points}`,
    { hint: 'Evaluate fewer categories, area ranges or limits at once.' },
  );
}

function checkAreas({ areaRng, areaRngLbl }: EvalParams, given: boolean): void {
  if (!Array.isArray(areaRng))
    throw new CocoEvalError('USAGE', `Expected a list of [low, high] for areaRng but received ${describe(areaRng)}`);
  (areaRng as readonly AreaRange[]).forEach((range, i) => {
    const [low, high] = Array.isArray(range) ? range : [];
    if (
      low === undefined ||
      high === undefined ||
      range.length !== 2 ||
      Number.isNaN(low) ||
      Number.isNaN(high) ||
      typeof low !== 'number' ||
      typeof high !== 'number'
    ) {
      throw new CocoEvalError('USAGE', `Expected areaRng[${i}] to be [low, high] but received ${describe(range)}`);
    }
  });
  if (areaRng.length === 0) throw new CocoEvalError('USAGE', 'Expected at least one area range but received none');
  if (!given && areaRngLbl.length !== areaRng.length) {
    throw new CocoEvalError('USAGE', `Expected ${areaRng.length} area labels but received ${areaRngLbl.length}`);
  }
}
