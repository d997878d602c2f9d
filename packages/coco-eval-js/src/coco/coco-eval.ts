import { CocoEvalError } from '../errors.ts';
import type { Curves } from './curves.ts';
import type { COCO } from './coco.ts';
import { evaluateColumns, prepareEvaluation } from './evaluate.ts';
import type { Evaluation } from './evaluation.ts';
import { type Id, IdKeys } from './id-keys.ts';
import type { ImageMatches } from './image-matches.ts';
import { loadDetections } from './load-detections.ts';
import { type AreaRange, defaultParams, type EvalParams } from './params.ts';
import { summarize } from './summarize.ts';
import type { IouType, Mode } from './types.ts';

/** Parameters with the names of pycocotools; change them before `evaluate`. */
export interface CocoEvalParams {
  imgIds: Id[];
  catIds: Id[];
  iouThrs: number[];
  recThrs: number[];
  maxDets: number[];
  areaRng: AreaRange[];
  areaRngLbl: string[];
  useCats: boolean | 0 | 1;
  kpt_oks_sigmas: number[];
  readonly iouType: IouType;
}

/** What `accumulate` leaves in `COCOeval.eval`. Arrays are flat, in C order. */
export interface AccumulatedEval extends Curves {
  readonly params: EvalParams;
}

/**
 * The evaluation class of pycocotools (cocoeval.py), with its steps and field names. Nothing is printed: `summarize` returns the text.
 *
 * @example
 * ```ts
 * import { COCO, COCOeval } from 'coco-eval-js';
 * const cocoGt = new COCO({
 *   images: [{ id: 1 }],
 *   categories: [{ id: 1, name: 'cat' }],
 *   annotations: [{ id: 1, image_id: 1, category_id: 1, bbox: [0, 0, 10, 10], area: 100, iscrowd: 0 }],
 * });
 * const cocoEval = new COCOeval(cocoGt, cocoGt.loadRes([{ image_id: 1, category_id: 1, bbox: [0, 0, 10, 9], score: 1 }]), 'bbox');
 * cocoEval.params.maxDets = [1, 10, 100];
 * cocoEval.evaluate();
 * cocoEval.accumulate();
 * console.log(cocoEval.summarize(), cocoEval.stats);
 * ```
 */
export class COCOeval {
  readonly cocoGt: COCO;
  readonly cocoDt: COCO;
  readonly params: CocoEvalParams;
  /** Filled by `accumulate`. */
  eval: AccumulatedEval | undefined;
  /** Filled by `summarize`. */
  stats: readonly number[] = [];
  readonly #mode: Mode;
  #evaluation: Evaluation | undefined;

  /** @param cocoDt made by `cocoGt.loadRes` */
  constructor(cocoGt: COCO, cocoDt: COCO, iouType: IouType = 'segm', mode: Mode = 'reference') {
    if (cocoDt.results === undefined) {
      throw new CocoEvalError('USAGE', 'Expected detections made by cocoGt.loadRes(results) but received another data set');
    }
    this.cocoGt = cocoGt;
    this.cocoDt = cocoDt;
    this.#mode = mode;
    const keys = new IdKeys();
    const defaults = defaultParams(iouType, cocoGt.dataset, keys);
    this.params = {
      imgIds: defaults.imgIds.map((key) => keys.id(key)),
      catIds: defaults.catIds.map((key) => keys.id(key)),
      iouThrs: [...defaults.iouThrs],
      recThrs: [...defaults.recThrs],
      maxDets: [...defaults.maxDets],
      areaRng: [...defaults.areaRng],
      areaRngLbl: [...defaults.areaRngLbl],
      useCats: 1,
      kpt_oks_sigmas: [...defaults.kptOksSigmas],
      iouType,
    };
  }

  /** Matches every image and category. */
  evaluate(): void {
    const { kpt_oks_sigmas: kptOksSigmas, useCats, ...rest } = this.params;
    const prepared = prepareEvaluation(this.cocoGt.dataset, { ...rest, kptOksSigmas, useCats: Boolean(useCats), mode: this.#mode });
    const detections = loadDetections(this.cocoDt.results, prepared);
    this.#evaluation = evaluateColumns(prepared, detections);
    const { params } = this.#evaluation;
    const ids = (keys: readonly number[]): Id[] => keys.map((key) => prepared.dataset.keys.id(key));
    Object.assign(this.params, { imgIds: ids(params.imgIds), catIds: ids(params.catIds), maxDets: [...params.maxDets] });
  }

  /** The finished evaluation with slices, per-category rows and warnings. */
  get evaluation(): Evaluation {
    if (this.#evaluation === undefined) throw new CocoEvalError('USAGE', 'Expected evaluate() to have been called first');
    return this.#evaluation;
  }

  /**
   * How every image and category was matched, for each area range: category outermost, image innermost; null where a pair has no entries.
   * Computed on every call: large for large data sets, see `Evaluation.imageMatches` for single pairs.
   */
  get evalImgs(): (ImageMatches | null)[] {
    const { params } = this.evaluation;
    const matcher = this.evaluation.matcher();
    const categories = params.useCats ? params.catIds.length : 1;
    const out: (ImageMatches | null)[] = [];
    for (let k = 0; k < categories; k++) {
      for (let a = 0; a < params.areaRng.length; a++) {
        for (let image = 0; image < params.imgIds.length; image++) out.push(matcher.get(image, k, a));
      }
    }
    return out;
  }

  /** Builds the precision and recall arrays. */
  accumulate(): void {
    const { params, curves } = this.evaluation;
    const { counts, precision, recall } = curves;
    // Scores are drawn when they are asked for.
    this.eval = {
      params,
      counts,
      precision,
      recall,
      get scores() {
        return curves.scores;
      },
    };
  }

  /** Computes `stats` and returns the familiar lines, byte for byte as pycocotools prints them. */
  summarize(): string {
    if (this.eval === undefined) throw new CocoEvalError('USAGE', 'Expected accumulate() to have been called first');
    const summary = summarize(this.eval, this.eval.params);
    this.stats = summary.stats;
    return summary.text;
  }
}
