import { CocoEvalError } from '../errors.ts';
import type { MatchTable } from './match-table.ts';
import { countingSort, sortByScore } from './sort.ts';

/** `numpy.spacing(1)`: keeps 0 / 0 away; visible only where a single detection counts (0.9999999999999998 instead of 1). */
const EPS = 2 ** -52;
/** Precision and scores take 8 bytes a cell: 1 GiB each. */
const MAX_CELLS = 2 ** 27;

/** What is drawn from a match table. */
export interface AccumulateOptions {
  readonly recThrs: readonly number[];
  /** Ascending. `Infinity`: all. */
  readonly maxDets: readonly number[];
  /** 1 for each position of `imgIds` that counts; absent: all. */
  readonly images?: Uint8Array | undefined;
}

/** Precision and recall at every setting; -1 where a category has no ground truth. C order, the last dimension varies fastest. */
export interface Curves {
  /** `[thresholds, recall points, categories, area ranges, maxDets]`. */
  readonly counts: readonly [number, number, number, number, number];
  /** Interpolated precision at each recall point, shape `counts`. */
  readonly precision: Float64Array;
  /** Highest recall reached, shape `[thresholds, categories, area ranges, maxDets]`. */
  readonly recall: Float64Array;
  /** Score of the detection at which each recall point is reached, shape `counts`. */
  readonly scores: Float64Array;
}

/**
 * Precision-recall curves of a match table (cocoeval.py, accumulate). Only true positives can raise precision, so each curve is kept as the list of its
 * true positives: the interpolated value at a recall point is the largest precision at or after the true positive that reaches it.
 */
export function accumulate(table: MatchTable, options: AccumulateOptions): Curves {
  const categories = table.dtCategory.length - 1;
  const counts: Curves['counts'] = [table.thresholds, options.recThrs.length, categories, table.areas, options.maxDets.length];
  const [T, R, K, A, M] = counts;
  checkCells(T * R * K * A * M);
  const curves: Curves = {
    counts,
    precision: new Float64Array(T * R * K * A * M).fill(-1),
    recall: new Float64Array(T * K * A * M).fill(-1),
    scores: new Float64Array(T * R * K * A * M).fill(-1),
  };
  const order = byCategoryAndScore(table, options.images);
  const walk = new CurveWalk(table, options, curves);
  for (let k = 0; k < K; k++) walk.category(k, order[k]!);
  return curves;
}

/** Detection rows of each category, best score first; equal scores keep the order image, then rank. */
function byCategoryAndScore(table: MatchTable, images: Uint8Array | undefined): Int32Array[] {
  const n = table.dtScore.length;
  const rows = new Int32Array(n);
  const categoryOf = new Int32Array(n);
  const categories = table.dtCategory.length - 1;
  for (let k = 0; k < categories; k++) {
    for (let i = table.dtCategory[k]!; i < table.dtCategory[k + 1]!; i++) {
      rows[i] = i;
      categoryOf[i] = k;
    }
  }
  const order = countingSort(sortByScore(rows, table.dtScore), categoryOf, categories);
  return Array.from({ length: categories }, (_, k) => {
    const own = order.subarray(table.dtCategory[k], table.dtCategory[k + 1]);
    return images === undefined ? own : own.filter((row) => images[table.dtImage[row]!] === 1);
  });
}

function largestRange(starts: Int32Array): number {
  let largest = 0;
  for (let k = 0; k + 1 < starts.length; k++) largest = Math.max(largest, starts[k + 1]! - starts[k]!);
  return largest;
}

function checkCells(cells: number): void {
  if (cells <= MAX_CELLS) return;
  throw new CocoEvalError('LIMIT', `Expected at most ${MAX_CELLS} precision values but the parameters ask for ${cells}`, {
    hint: 'Evaluate fewer categories, thresholds, area ranges or detection limits at once (catIds, iouThrs, areaRng, maxDets).',
  });
}

class CurveWalk {
  readonly #table: MatchTable;
  readonly #options: AccumulateOptions;
  readonly #curves: Curves;
  /** True and (own) false positives so far at each threshold. */
  readonly #tp: Int32Array;
  readonly #fp: Int32Array;
  /** Precision and score at each true positive; threshold t starts at `t * #capacity`. */
  readonly #points: Float64Array;
  readonly #pointScores: Float64Array;
  readonly #capacity: number;
  /** The rows of the category under way, in order of score: read many times, so they are brought side by side first. */
  readonly #rank: Int32Array;
  readonly #score: Float64Array;
  readonly #matched: Uint32Array;
  readonly #ignored: Uint32Array;

  constructor(table: MatchTable, options: AccumulateOptions, curves: Curves) {
    this.#table = table;
    this.#options = options;
    this.#curves = curves;
    this.#tp = new Int32Array(table.thresholds);
    this.#fp = new Int32Array(table.thresholds);
    const largest = largestRange(table.dtCategory);
    // Every true positive has a ground truth of its own.
    this.#capacity = Math.min(largest, largestRange(table.gtCategory));
    this.#points = new Float64Array(table.thresholds * this.#capacity);
    this.#pointScores = new Float64Array(table.thresholds * this.#capacity);
    this.#rank = new Int32Array(largest);
    this.#score = new Float64Array(largest);
    this.#matched = new Uint32Array(largest * table.areas * table.words);
    this.#ignored = new Uint32Array(largest * table.areas * table.words);
  }

  category(k: number, order: Int32Array): void {
    const { areas } = this.#table;
    const deepest = this.#gather(order);
    for (let a = 0; a < areas; a++) {
      const positives = this.#countGroundTruths(k, a);
      if (positives === 0) continue;
      this.#options.maxDets.forEach((maxDet, m) => {
        // A limit that the one before did not reach changes nothing.
        if (m > 0 && deepest < this.#options.maxDets[m - 1]!) this.#copy(k, a, m);
        else this.#curve(k, a, m, order.length, maxDet, positives);
      });
    }
  }

  /** Copies the rows into order of score; returns the largest rank. */
  #gather(order: Int32Array): number {
    const { dtRank, dtScore, matched, ignored, areas, words } = this.#table;
    const stride = areas * words;
    let deepest = -1;
    for (let i = 0; i < order.length; i++) {
      const row = order[i]!;
      const rank = dtRank[row]!;
      if (rank > deepest) deepest = rank;
      this.#rank[i] = rank;
      this.#score[i] = dtScore[row]!;
      for (let w = 0; w < stride; w++) {
        this.#matched[i * stride + w] = matched[row * stride + w]!;
        this.#ignored[i * stride + w] = ignored[row * stride + w]!;
      }
    }
    return deepest;
  }

  #countGroundTruths(k: number, a: number): number {
    const { gtCategory, gtImage, gtIgnored, areas } = this.#table;
    const { images } = this.#options;
    let n = 0;
    for (let g = gtCategory[k]!; g < gtCategory[k + 1]!; g++) {
      if (gtIgnored[g * areas + a] === 0 && (images === undefined || images[gtImage[g]!] === 1)) n++;
    }
    return n;
  }

  #curve(k: number, a: number, m: number, rows: number, maxDet: number, positives: number): void {
    const { areas, words, thresholds } = this.#table;
    const rank = this.#rank;
    const score = this.#score;
    const matched = this.#matched;
    const ignored = this.#ignored;
    this.#tp.fill(0);
    this.#fp.fill(0);
    // False positives at all thresholds at once, the common case, are counted once.
    let fpAll = 0;
    let detections = 0;
    let firstScore = 0;
    for (let i = 0; i < rows; i++) {
      if (rank[i]! >= maxDet) continue;
      if (detections++ === 0) firstScore = score[i]!;
      const slot = (i * areas + a) * words;
      if (words === 1 && matched[slot] === 0 && ignored[slot] === 0) {
        fpAll++;
        continue;
      }
      for (let t = 0; t < thresholds; t++) {
        const bit = 1 << (t & 31);
        const word = slot + (t >> 5);
        if ((ignored[word]! & bit) !== 0) continue;
        if ((matched[word]! & bit) !== 0) this.#addTruePositive(t, fpAll, score[i]!);
        else this.#fp[t]!++;
      }
    }
    for (let t = 0; t < thresholds; t++) this.#write(t, k, a, m, detections, firstScore, positives);
  }

  #addTruePositive(t: number, fpAll: number, score: number): void {
    const tp = ++this.#tp[t]!;
    const at = t * this.#capacity + tp - 1;
    this.#points[at] = tp / (this.#fp[t]! + fpAll + tp + EPS);
    this.#pointScores[at] = score;
  }

  #write(t: number, k: number, a: number, m: number, detections: number, firstScore: number, positives: number): void {
    const { counts } = this.#curves;
    const R = counts[1];
    const K = counts[2];
    const A = counts[3];
    const M = counts[4];
    const { precision, recall, scores } = this.#curves;
    const { recThrs } = this.#options;
    const n = this.#tp[t]!;
    const base = t * this.#capacity;
    const points = this.#points;
    for (let i = base + n - 1; i > base; i--) if (points[i]! > points[i - 1]!) points[i - 1] = points[i]!;
    recall[((t * K + k) * A + a) * M + m] = detections === 0 ? 0 : n / positives;
    const step = K * A * M;
    let at = ((t * R * K + k) * A + a) * M + m;
    let point = 0;
    let reached = detections > 0;
    for (let r = 0; r < R; r++, at += step) {
      const wanted = recThrs[r]!;
      // Ascending recall points continue where the last one was found; others start again.
      if (r > 0 && wanted < recThrs[r - 1]!) point = 0;
      while (point < n && (point + 1) / positives < wanted) point++;
      const atStart = wanted <= 0;
      // The first recall point out of reach ends the curve: the reference stops there even when later ones are lower.
      reached &&= atStart || point < n;
      precision[at] = reached && n > 0 ? points[base + (atStart ? 0 : point)]! : 0;
      scores[at] = reached ? (atStart ? firstScore : this.#pointScores[base + point]!) : 0;
    }
  }

  /** Takes the results of the limit before. */
  #copy(k: number, a: number, m: number): void {
    const [T, R, K, A, M] = this.#curves.counts;
    for (let t = 0; t < T; t++) {
      const at = ((t * K + k) * A + a) * M + m;
      this.#curves.recall[at] = this.#curves.recall[at - 1]!;
      for (let r = 0; r < R; r++) {
        const cell = (((t * R + r) * K + k) * A + a) * M + m;
        this.#curves.precision[cell] = this.#curves.precision[cell - 1]!;
        this.#curves.scores[cell] = this.#curves.scores[cell - 1]!;
      }
    }
  }
}
