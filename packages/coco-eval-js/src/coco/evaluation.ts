import { CocoEvalError } from '../errors.ts';
import { accumulate } from './accumulate.ts';
import type { Curves } from './curves.ts';
import type { Detections, GroundTruth } from './columns.ts';
import { type Id, showId } from './id-keys.ts';
import { ImageMatcher, type ImageMatches } from './image-matches.ts';
import type { MatchRules, MatchTable } from './match-table.ts';
import { resolveParams, type EvalParams } from './params.ts';
import { type CategoryRow, perCategory } from './per-category.ts';
import { COCO_SCHEME, type Scheme } from './scheme.ts';
import type { Summary } from './summarize.ts';
import type { EvaluationContext, ImageInfo, Warning } from './types.ts';

/** What was compared, kept for looking at single images. */
export interface ComparedColumns {
  readonly groundTruth: GroundTruth;
  readonly detections: Detections;
  readonly rules: MatchRules;
}

/** Curves and summary of some of the images. */
export interface Slice {
  /** Number of images in it. */
  readonly images: number;
  readonly curves: Curves;
  readonly summary: Summary;
}

/** What `JSON.stringify` writes: fixed key order, no date, so that two runs can be compared byte by byte. */
export interface EvaluationJson {
  readonly scheme: string;
  readonly iouType: string;
  readonly mode: string;
  readonly params: {
    readonly images: number;
    readonly categories: number;
    readonly iouThrs: readonly number[];
    readonly maxDets: readonly number[];
    readonly areaRng: readonly (readonly number[])[];
    readonly areaRngLbl: readonly string[];
    readonly useCats: boolean;
  };
  readonly stats: readonly number[];
  readonly metrics: Readonly<Record<string, number>>;
  readonly perCategory: readonly CategoryRow[];
  readonly warnings: readonly Warning[];
}

/**
 * A finished evaluation: plain numbers, and the match table from which slices and other settings are drawn without matching again.
 *
 * @example
 * ```ts
 * import { evaluate } from 'coco-eval-js';
 * const groundTruth = {
 *   images: [{ id: 1, width: 100, height: 100 }],
 *   categories: [{ id: 1, name: 'cat' }],
 *   annotations: [{ id: 1, image_id: 1, category_id: 1, bbox: [10, 10, 50, 50], area: 2500, iscrowd: 0 }],
 * };
 * const results = [{ image_id: 1, category_id: 1, bbox: [10, 10, 50, 45], score: 0.9 }];
 * const evaluation = evaluate(groundTruth, results, { iouType: 'bbox' });
 * console.log(evaluation.summary.text);
 * console.log(evaluation.metrics['AP50'], evaluation.perCategory()[0]?.AP);
 * ```
 */
export class Evaluation {
  readonly params: EvalParams;
  readonly table: MatchTable;
  readonly warnings: readonly Warning[];
  /** Images and categories of the data set, for names and attributes. */
  readonly context: EvaluationContext;
  /** The columns that were compared; absent when the table came from shards. */
  readonly columns: ComparedColumns | undefined;
  readonly scheme: Scheme;
  #matcher: ImageMatcher | undefined;
  #curves: Curves | undefined;
  #summary: Summary | undefined;

  constructor(
    params: EvalParams,
    table: MatchTable,
    context: EvaluationContext,
    warnings: readonly Warning[],
    columns?: ComparedColumns,
    scheme: Scheme = COCO_SCHEME,
  ) {
    this.params = params;
    this.table = table;
    this.context = context;
    this.warnings = warnings;
    this.columns = columns;
    this.scheme = scheme;
  }

  /** Precision, recall and score arrays, as `COCOeval.eval` of the reference holds them. */
  get curves(): Curves {
    this.#curves ??= this.#draw();
    return this.#curves;
  }

  #draw(images?: Uint8Array): Curves {
    return accumulate(this.table, { recThrs: this.params.recThrs, maxDets: this.scheme.limits(this.params), images });
  }

  /** The familiar numbers and lines. */
  get summary(): Summary {
    this.#summary ??= this.scheme.summarize(this.curves, this.params, this.context, (images) => this.#draw(images));
    return this.#summary;
  }

  /** The numbers in the reference's order: 12 for boxes and masks, 10 for keypoints; -1 where nothing is to be counted. */
  get stats(): readonly number[] {
    return this.summary.stats;
  }

  /** The same numbers by name: `AP`, `AP50`, `APs`, `AR@100` and so on. */
  get metrics(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.summary.lines.map((line) => [line.name, line.value]));
  }

  /** AP, AR and the best operating point of each category. */
  perCategory(): CategoryRow[] {
    return perCategory(this.table, this.curves, this.params, this.context);
  }

  /**
   * How one image and category was matched, or null when it has no entries.
   *
   * @param area position of the area range
   * @throws CocoEvalError `USAGE` for an image, category or range that is not part of the evaluation, or when it was reduced from shards
   */
  imageMatches(imageId: Id, categoryId: Id, area = 0): ImageMatches | null {
    const { keys } = this.context;
    const image = this.params.imgIds.indexOf(keys.find(imageId) ?? NaN);
    const category = this.params.useCats ? this.params.catIds.indexOf(keys.find(categoryId) ?? NaN) : 0;
    if (image < 0 || category < 0 || this.params.areaRng[area] === undefined) {
      throw new CocoEvalError(
        'USAGE',
        `Expected an evaluated image, category and area range but received ${showId(imageId)}, ${showId(categoryId)}, ${area}`,
      );
    }
    return this.matcher().get(image, category, area);
  }

  /** The id that a number of `params.imgIds` or `params.catIds` stands for: itself, unless the files have text or numbers beyond 2^53. */
  idOf(key: number): Id {
    return this.context.keys.id(key);
  }

  /** Access to single pairs by position instead of by id. */
  matcher(): ImageMatcher {
    if (this.columns === undefined)
      throw new CocoEvalError('USAGE', 'Expected an evaluation with its inputs but this one was reduced from shards');
    this.#matcher ??= new ImageMatcher(this.columns, this.params, this.context.keys);
    return this.#matcher;
  }

  /**
   * The numbers of the images that pass a test; the same as an evaluation of only those images. (In mode `reference` annotations of several images that
   * share one id are counted as in the whole.)
   */
  slice(keep: (image: ImageInfo) => boolean): Slice {
    const { keys } = this.context;
    const byId = new Map(this.context.images.map((image) => [image.id, image]));
    const images = Uint8Array.from(this.params.imgIds, (id) => Number(keep({ ...byId.get(id), id: keys.id(id) })));
    const among = (others: Uint8Array): Curves => this.#draw(images.map((own, i) => own & others[i]!));
    const curves = this.#draw(images);
    return { images: images.reduce((a, b) => a + b, 0), curves, summary: this.scheme.summarize(curves, this.params, this.context, among) };
  }

  /** One slice for each value of an image attribute, sorted by the value's text. Images without it are left out. */
  sliceBy(attribute: string): Map<string, Slice> {
    const names = new Set(this.context.images.map((image) => attributeText(image, attribute)));
    const sorted = [...names].filter((name) => name !== undefined).toSorted((a, b) => (a < b ? -1 : 1));
    return new Map(sorted.map((name) => [name, this.slice((image) => attributeText(image, attribute) === name)]));
  }

  /** Curves at other recall points or detection limits, from the same matches (cocoeval.py, accumulate with other parameters). */
  accumulate(options: { readonly recThrs?: readonly number[]; readonly maxDets?: readonly number[] }): Evaluation {
    const last = this.params.maxDets[this.params.maxDets.length - 1]!;
    const params = resolveParams({ ...this.params, ...options }, this.context);
    if (params.maxDets.some((m) => m > last)) {
      throw new CocoEvalError(
        'USAGE',
        `Expected maxDets of at most ${last}, which was matched, but received [${params.maxDets.join(', ')}]`,
      );
    }
    return new Evaluation(params, this.table, this.context, this.warnings, this.columns, this.scheme);
  }

  toJSON(): EvaluationJson {
    const { iouType, mode, imgIds, catIds, iouThrs, maxDets, areaRng, areaRngLbl, useCats } = this.params;
    return {
      scheme: this.scheme.name,
      iouType,
      mode,
      params: { images: imgIds.length, categories: catIds.length, iouThrs, maxDets, areaRng, areaRngLbl, useCats },
      stats: this.stats,
      metrics: this.metrics,
      perCategory: this.perCategory(),
      warnings: this.warnings,
    };
  }
}

function attributeText(image: ImageInfo, attribute: string): string | undefined {
  const value = image[attribute];
  return typeof value === 'string' || value === undefined ? value : JSON.stringify(value);
}
