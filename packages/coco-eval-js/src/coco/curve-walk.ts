import type { CurvePlan } from './curves.ts';
import { allBits, WORD_BITS } from './match-pair.ts';

/** `numpy.spacing(1)`: keeps 0 / 0 away; visible only where a single detection counts (0.9999999999999998 instead of 1). */
const EPS = 2 ** -52;

/** Draws the curves of all categories. */
export function drawCurves(plan: CurvePlan): void {
  const walk = new CurveWalk(plan);
  for (let k = 0; k < plan.counts[2]; k++) walk.category(k);
}

/**
 * Draws the curves of one category after the other, with scratch buffers for the largest. Only true positives can raise precision, so a
 * curve is kept as the list of its true positives: the interpolated value at a recall point is the largest precision at or after the true positive
 * that reaches it.
 */
class CurveWalk {
  readonly #plan: CurvePlan;
  readonly #all: Int32Array;
  /** Detections of the category within the limit under way: scores, and for (area, word) a run of `#rows` words of flags. */
  readonly #rows: number;
  readonly #score: Float64Array;
  readonly #matched: Int32Array;
  readonly #ignored: Int32Array;
  /** Ground truths that count, for each area range. */
  readonly #positives: Int32Array;
  /** True positives that reach a recall point, for (area, recall point); 0: the first detection does. */
  readonly #needed: Int32Array;
  /** True and (own) false positives so far at each threshold. */
  readonly #tp: Int32Array;
  readonly #fp: Int32Array;
  /** Precision or score at each true positive; threshold t starts at `t * #capacity`. */
  readonly #points: Float64Array;
  readonly #capacity: number;
  /** The category's part of the curves, `[thresholds, recall points, area ranges, maxDets]`: small enough to stay in the cache. */
  readonly #values: Float64Array;

  constructor(plan: CurvePlan) {
    const { table } = plan;
    const [T, R, , A, M] = plan.counts;
    this.#plan = plan;
    this.#all = allBits(T);
    this.#rows = largestRange(table.dtCategory);
    this.#score = new Float64Array(this.#rows);
    this.#matched = new Int32Array(this.#rows * A * table.words);
    this.#ignored = new Int32Array(this.#rows * A * table.words);
    this.#positives = new Int32Array(A);
    this.#needed = new Int32Array(A * R);
    this.#tp = new Int32Array(T);
    this.#fp = new Int32Array(T);
    // Every true positive has a ground truth of its own.
    this.#capacity = Math.min(this.#rows, largestRange(table.gtCategory));
    this.#points = new Float64Array(T * this.#capacity);
    this.#values = new Float64Array(T * R * A * M);
  }

  category(k: number): void {
    const { options, counts } = this.#plan;
    const [, , , A, M] = counts;
    this.#countGroundTruths(k);
    this.#values.fill(-1);
    let before = -1;
    for (let m = M - 1; m >= 0; m--) {
      const detections = this.#gather(k, options.maxDets[m]!);
      for (let a = 0; a < A; a++) {
        // A smaller limit that leaves nothing out changes nothing.
        if (detections === before) this.#copyLimit(k, a, m + 1, m);
        else this.#curve(k, a, m, detections);
      }
      before = detections;
    }
    this.#store(k);
  }

  #countGroundTruths(k: number): void {
    const { table, options, counts } = this.#plan;
    const { gtCategory, gtImage, gtIgnored, areas } = table;
    const { images, recThrs } = options;
    const R = counts[1];
    for (let a = 0; a < areas; a++) {
      let n = 0;
      for (let g = gtCategory[k]!; g < gtCategory[k + 1]!; g++) {
        if (gtIgnored[g * areas + a] === 0 && (images === undefined || images[gtImage[g]!] === 1)) n++;
      }
      this.#positives[a] = n;
      for (let r = 0; r < R; r++) this.#needed[a * R + r] = truePositivesFor(recThrs[r]!, n);
    }
  }

  /** Brings the flags of the category's detections of rank below `limit` side by side, in order of score; returns their number. */
  #gather(k: number, limit: number): number {
    const { table, options } = this.#plan;
    const { dtCategory, dtImage, dtRank, dtScore, matched, ignored } = table;
    const { images } = options;
    const flags = table.areas * table.words;
    const rows = this.#rows;
    let n = 0;
    for (let row = dtCategory[k]!; row < dtCategory[k + 1]!; row++) {
      if (dtRank[row]! >= limit || (images !== undefined && images[dtImage[row]!] !== 1)) continue;
      this.#score[n] = dtScore[row]!;
      for (let f = 0; f < flags; f++) {
        this.#matched[f * rows + n] = matched[row * flags + f]!;
        this.#ignored[f * rows + n] = ignored[row * flags + f]!;
      }
      n++;
    }
    return n;
  }

  #curve(k: number, a: number, m: number, detections: number): void {
    if (this.#positives[a] === 0) return;
    const { counts, recall, table } = this.#plan;
    const [T, , K, A, M] = counts;
    const { words } = table;
    for (let w = 0; w < words; w++) this.#countPositives(w, (a * words + w) * this.#rows, detections);
    for (let t = 0; t < T; t++) {
      recall[((t * K + k) * A + a) * M + m] = detections === 0 ? 0 : this.#tp[t]! / this.#positives[a]!;
      this.#interpolate(t, a, m, detections);
    }
  }

  /** Walks the detections once for the thresholds of word `w`, whose flags start at `from`. */
  #countPositives(w: number, from: number, detections: number): void {
    const matched = this.#matched;
    const ignored = this.#ignored;
    const tp = this.#tp;
    const fp = this.#fp;
    const points = this.#points;
    const precise = this.#plan.value === 'precision';
    const all = this.#all[w]!;
    const first = w * WORD_BITS;
    const last = Math.min(first + WORD_BITS, tp.length);
    tp.fill(0, first, last);
    fp.fill(0, first, last);
    // False positives at all thresholds at once, the common case, are counted once.
    let fpAll = 0;
    for (let i = 0; i < detections; i++) {
      const counted = all & ~ignored[from + i]!;
      const hits = matched[from + i]! & counted;
      if (hits === 0 && counted === all) {
        fpAll++;
        continue;
      }
      if (counted === 0) continue;
      for (let t = first; t < last; t++) {
        const bit = 1 << (t - first);
        if ((hits & bit) !== 0) {
          const n = ++tp[t]!;
          points[t * this.#capacity + n - 1] = precise ? n / (fp[t]! + fpAll + n + EPS) : this.#score[i]!;
        } else if ((counted & bit) !== 0) {
          fp[t]!++;
        }
      }
    }
  }

  #interpolate(t: number, a: number, m: number, detections: number): void {
    const { counts, value } = this.#plan;
    const [, R, , A, M] = counts;
    const values = this.#values;
    const points = this.#points;
    const needed = this.#needed;
    const n = this.#tp[t]!;
    const base = t * this.#capacity;
    if (value === 'precision') raiseToLaterPoints(points, base, n);
    // At recall 0 the first detection counts, which need not be a true positive: no precision comes from it, but its score does.
    const atStart = value === 'score' ? this.#score[0]! : n === 0 ? 0 : points[base]!;
    const reachable = detections === 0 ? -1 : n;
    const step = A * M;
    let at = (t * R * A + a) * M + m;
    let r = 0;
    // The first recall point out of reach ends the curve: the reference stops there even when later ones are lower.
    for (; r < R && needed[a * R + r]! <= reachable; r++, at += step) {
      const nth = needed[a * R + r]!;
      values[at] = nth === 0 ? atStart : points[base + nth - 1]!;
    }
    for (; r < R; r++, at += step) values[at] = 0;
  }

  #copyLimit(k: number, a: number, from: number, to: number): void {
    const { recall, counts } = this.#plan;
    const [T, R, K, A, M] = counts;
    const values = this.#values;
    for (let t = 0; t < T; t++) {
      const row = ((t * K + k) * A + a) * M;
      recall[row + to] = recall[row + from]!;
    }
    for (let i = 0; i < T * R; i++) {
      const row = (i * A + a) * M;
      values[row + to] = values[row + from]!;
    }
  }

  /** Moves the category's part to its place. */
  #store(k: number): void {
    const { counts, values } = this.#plan;
    const [T, R, K, A, M] = counts;
    const own = this.#values;
    const width = A * M;
    for (let i = 0; i < T * R; i++) {
      const to = (i * K + k) * width;
      for (let j = 0; j < width; j++) values[to + j] = own[i * width + j]!;
    }
  }
}

/** Precision at a recall point is the largest at this point or after it. */
function raiseToLaterPoints(points: Float64Array, from: number, length: number): void {
  for (let i = from + length - 1; i > from; i--) if (points[i]! > points[i - 1]!) points[i - 1] = points[i]!;
}

/** The smallest number of true positives whose recall is at least `recall`; 0 when the first detection reaches it, whatever it is. */
function truePositivesFor(recall: number, positives: number): number {
  if (recall <= 0) return 0;
  if (recall > 1) return positives + 1;
  // In the reference's arithmetic, which may round to either side of the exact number.
  let n = Math.ceil(recall * positives);
  while (n > 1 && (n - 1) / positives >= recall) n--;
  while (n / positives < recall) n++;
  return n;
}

function largestRange(starts: Int32Array): number {
  let largest = 0;
  for (let k = 0; k + 1 < starts.length; k++) largest = Math.max(largest, starts[k + 1]! - starts[k]!);
  return largest;
}
