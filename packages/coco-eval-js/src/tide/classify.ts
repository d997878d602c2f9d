/** The six main error types, in TIDE's order. */
export const tideErrorTypes = ['Cls', 'Loc', 'Both', 'Dupe', 'Bkg', 'Miss'] as const;

/** Name of a main error type: wrong class, wrong place, both, duplicate, background, missed. */
export type TideErrorType = (typeof tideErrorTypes)[number];

/** What each error type of TIDE means. */
export const errorMeaning: Readonly<Record<TideErrorType, string>> = {
  Cls: 'right place, wrong class',
  Loc: 'right class, wrong place',
  Both: 'wrong class and place',
  Dupe: 'object found twice',
  Bkg: 'nothing is there',
  Miss: 'object not found',
};

/** One image for `tide`: all classes together. */
export interface TideImage {
  /** Category id of each of the G ground truths that are no crowd regions. */
  readonly gtCategories: ArrayLike<number>;
  /** Category id of each of the D detections, by descending score, already cut to the limit per image. */
  readonly dtCategories: ArrayLike<number>;
  readonly dtScores: ArrayLike<number>;
  /** D x G, row-major. */
  readonly iou: Float64Array;
  /** Category id of each of the C crowd regions; -1 fits every class. */
  readonly crowdCategories: ArrayLike<number>;
  /** D x C, row-major: intersection / detection area. */
  readonly crowdIou: Float64Array;
}

/** What became of one detection. */
export interface TideDetection {
  readonly category: number;
  readonly score: number;
  /** `ignored`: on a crowd region, so it leaves the AP, but TIDE still gives it an error type. */
  readonly state: 'tp' | 'fp' | 'ignored';
  /** Position of the ground truth that a true positive found. */
  readonly match?: number;
  /** Absent for true positives. */
  readonly error?: Exclude<TideErrorType, 'Miss'>;
  /** The class in which repairing this error makes a true positive: only the best detection of each unused ground truth is repaired, others are removed. */
  readonly repairedAs?: number;
}

/** One image, classified. */
export interface TideImageResult {
  readonly detections: readonly TideDetection[];
  /** Category ids of ground truths that nothing matched. */
  readonly unmatched: readonly number[];
  /** Those of `unmatched` that no repaired Cls or Loc error would find. */
  readonly missed: readonly number[];
}

/** Which ground truths of a row are looked at: by class, and whether a detection has found them. */
type Choice = 'free' | 'same' | 'other' | 'used' | 'any';

/** Largest value of a row, other ground truths than the chosen ones counting as 0; the first wins ties (numpy's argmax). */
class RowBest {
  at = 0;
  value = -Infinity;
  readonly #image: TideImage;
  readonly #used: Uint8Array;

  constructor(image: TideImage, used: Uint8Array) {
    this.#image = image;
    this.#used = used;
  }

  find(d: number, choice: Choice): this {
    const { gtCategories, dtCategories, iou } = this.#image;
    const [width, category, used] = [gtCategories.length, dtCategories[d], this.#used];
    this.at = 0;
    this.value = -Infinity;
    for (let gt = 0; gt < width; gt++) {
      const same = gtCategories[gt] === category;
      let accepted = true;
      if (choice === 'other') accepted = !same;
      else if (choice === 'same') accepted = same;
      else if (choice === 'free') accepted = same && used[gt] === 0;
      else if (choice === 'used') accepted = same && used[gt] === 1;
      const candidate = accepted ? iou[d * width + gt]! : 0;
      if (candidate > this.value) {
        this.at = gt;
        this.value = candidate;
      }
    }
    return this;
  }
}

/** Matching and error types of one image (tidecv's `TIDEExample` and `TIDERun._eval_image`). */
export function classifyImage(image: TideImage, positive: number, background: number): TideImageResult {
  const { gtCategories, dtCategories, dtScores } = image;
  const g = gtCategories.length;
  const used = new Uint8Array(g);
  /** Position of the ground truth that each detection found, or -1. */
  const best = new RowBest(image, used);
  const matches = Array.from(dtCategories, (_, d) => {
    if (best.find(d, 'free').value < positive) return -1;
    used[best.at] = 1;
    return best.at;
  });
  /** The detections come by descending score, so the first to ask for an unused ground truth is its best. */
  const claimed = new Uint8Array(g);
  const claim = (gt: number): boolean => {
    if (used[gt] || claimed[gt]) return false;
    claimed[gt] = 1;
    return true;
  };
  const detections = matches.map((match, d): TideDetection => {
    const category = dtCategories[d]!;
    const score = dtScores[d]!;
    if (match >= 0) return { category, score, state: 'tp', match };
    const found = { category, score, state: onCrowd(image, d, positive) ? 'ignored' : 'fp' } as const;
    if (g === 0) return { ...found, error: 'Bkg' };
    best.find(d, 'same');
    if (best.value >= background && best.value <= positive) {
      return claim(best.at) ? { ...found, error: 'Loc', repairedAs: category } : { ...found, error: 'Loc' };
    }
    if (best.find(d, 'other').value >= positive) {
      return claim(best.at) ? { ...found, error: 'Cls', repairedAs: gtCategories[best.at]! } : { ...found, error: 'Cls' };
    }
    if (best.find(d, 'used').value >= positive) return { ...found, error: 'Dupe' };
    return { ...found, error: best.find(d, 'any').value <= background ? 'Bkg' : 'Both' };
  });
  const unmatched = Array.from(gtCategories).filter((_, gt) => !used[gt]);
  const missed = Array.from(gtCategories).filter((_, gt) => !used[gt] && !claimed[gt]);
  return { detections, unmatched, missed };
}

function onCrowd({ crowdCategories, crowdIou, dtCategories }: TideImage, d: number, positive: number): boolean {
  const width = crowdCategories.length;
  for (let c = 0; c < width; c++) {
    const fits = crowdCategories[c] === -1 || crowdCategories[c] === dtCategories[d];
    if (fits && crowdIou[d * width + c]! > positive) return true;
  }
  return false;
}
